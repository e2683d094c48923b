package wire

// NotifyTypeV2 is the type of a notification of IKEv2 (RFC 7296 section
// 3.10.1): below 16384 an error, from there on a status.
type NotifyTypeV2 uint16

// Errors.
const (
	V2UnsupportedCriticalPayload NotifyTypeV2 = 1
	V2InvalidIKESPI              NotifyTypeV2 = 4
	V2InvalidMajorVersion        NotifyTypeV2 = 5
	V2InvalidSyntax              NotifyTypeV2 = 7
	V2InvalidMessageID           NotifyTypeV2 = 9
	V2InvalidSPI                 NotifyTypeV2 = 11
	V2NoProposalChosen           NotifyTypeV2 = 14
	V2InvalidKEPayload           NotifyTypeV2 = 17
	V2AuthenticationFailed       NotifyTypeV2 = 24
	V2SinglePairRequired         NotifyTypeV2 = 34
	V2NoAdditionalSAs            NotifyTypeV2 = 35
	V2InternalAddressFailure     NotifyTypeV2 = 36
	V2FailedCPRequired           NotifyTypeV2 = 37
	V2TSUnacceptable             NotifyTypeV2 = 38
	V2InvalidSelectors           NotifyTypeV2 = 39
	V2TemporaryFailure           NotifyTypeV2 = 43
	V2ChildSANotFound            NotifyTypeV2 = 44
	V2StateNotFound              NotifyTypeV2 = 47 // RFC 9370
)

// Status.
const (
	V2InitialContact          NotifyTypeV2 = 16384
	V2SetWindowSize           NotifyTypeV2 = 16385
	V2AdditionalTSPossible    NotifyTypeV2 = 16386
	V2IPCOMPSupported         NotifyTypeV2 = 16387
	V2NATDetectionSource      NotifyTypeV2 = 16388
	V2NATDetectionDestination NotifyTypeV2 = 16389
	V2Cookie                  NotifyTypeV2 = 16390
	V2UseTransportMode        NotifyTypeV2 = 16391
	V2HTTPCertLookup          NotifyTypeV2 = 16392
	V2RekeySA                 NotifyTypeV2 = 16393
	V2ESPTFCPaddingNot        NotifyTypeV2 = 16394
	V2NonFirstFragmentsAlso   NotifyTypeV2 = 16395
	V2MobikeSupported         NotifyTypeV2 = 16396
	V2AuthLifetime            NotifyTypeV2 = 16403
	V2MultipleAuth            NotifyTypeV2 = 16404
	V2Redirect                NotifyTypeV2 = 16407
	V2ChildlessSupported      NotifyTypeV2 = 16418
	V2FragmentationSupported  NotifyTypeV2 = 16430 // RFC 7383
	V2SignatureHashAlgorithms NotifyTypeV2 = 16431 // RFC 7427
	V2IntermediateSupported   NotifyTypeV2 = 16438 // RFC 9242
	V2AdditionalKeyExchange   NotifyTypeV2 = 16441 // RFC 9370
)

// notifyNamesV2 has IOS's names, which are the RFC's but for three that debug
// crypto ikev2 shortens.
var notifyNamesV2 = map[NotifyTypeV2]string{
	V2UnsupportedCriticalPayload: "UNSUPPORTED_CRITICAL_PAYLOAD", V2InvalidIKESPI: "INVALID_IKE_SPI", V2InvalidMajorVersion: "INVALID_MAJOR_VERSION",
	V2InvalidSyntax: "INVALID_SYNTAX", V2InvalidMessageID: "INVALID_MESSAGE_ID", V2InvalidSPI: "INVALID_SPI", V2NoProposalChosen: "NO_PROPOSAL_CHOSEN",
	V2InvalidKEPayload: "INVALID_KE_PAYLOAD", V2AuthenticationFailed: "AUTHENTICATION_FAILED", V2SinglePairRequired: "SINGLE_PAIR_REQUIRED",
	V2NoAdditionalSAs: "NO_ADDITIONAL_SAS", V2InternalAddressFailure: "INTERNAL_ADDRESS_FAILURE", V2FailedCPRequired: "FAILED_CP_REQUIRED",
	V2TSUnacceptable: "TS_UNACCEPTABLE", V2InvalidSelectors: "INVALID_SELECTORS", V2TemporaryFailure: "TEMPORARY_FAILURE", V2ChildSANotFound: "CHILD_SA_NOT_FOUND",
	V2StateNotFound: "STATE_NOT_FOUND",

	V2InitialContact: "INITIAL_CONTACT", V2SetWindowSize: "SET_WINDOW_SIZE", V2AdditionalTSPossible: "ADDITIONAL_TS_POSSIBLE", V2IPCOMPSupported: "IPCOMP_SUPPORTED",
	V2NATDetectionSource: "NAT_DETECTION_SOURCE_IP", V2NATDetectionDestination: "NAT_DETECTION_DESTINATION_IP", V2Cookie: "COOKIE",
	V2UseTransportMode: "USE_TRANSPORT_MODE", V2HTTPCertLookup: "HTTP_CERT_LOOKUP_SUPPORTED", V2RekeySA: "REKEY_SA", V2ESPTFCPaddingNot: "ESP_TFC_NO_SUPPORT",
	V2NonFirstFragmentsAlso: "NON_FIRST_FRAGS", V2MobikeSupported: "MOBIKE_SUPPORTED", V2AuthLifetime: "AUTH_LIFETIME", V2MultipleAuth: "MULTIPLE_AUTH_SUPPORTED",
	V2Redirect: "REDIRECT", V2ChildlessSupported: "CHILDLESS_IKEV2_SUPPORTED", V2FragmentationSupported: "IKEV2_FRAGMENTATION_SUPPORTED",
	V2SignatureHashAlgorithms: "SIGNATURE_HASH_ALGORITHMS", V2IntermediateSupported: "INTERMEDIATE_EXCHANGE_SUPPORTED", V2AdditionalKeyExchange: "ADDITIONAL_KEY_EXCHANGE",
}

func (t NotifyTypeV2) String() string { return name(notifyNamesV2, t, "notify type") }

// Error says whether the type reports an error.
func (t NotifyTypeV2) Error() bool { return t < V2InitialContact }
