package wire

// Errors of RFC 2408 section 3.14.1.
const (
	NotifyInvalidPayloadType      NotifyType = 1
	NotifyDOINotSupported         NotifyType = 2
	NotifySituationNotSupported   NotifyType = 3
	NotifyInvalidCookie           NotifyType = 4
	NotifyInvalidMajorVersion     NotifyType = 5
	NotifyInvalidMinorVersion     NotifyType = 6
	NotifyInvalidExchangeType     NotifyType = 7
	NotifyInvalidFlags            NotifyType = 8
	NotifyInvalidMessageID        NotifyType = 9
	NotifyInvalidProtocolID       NotifyType = 10
	NotifyInvalidSPI              NotifyType = 11
	NotifyInvalidTransformID      NotifyType = 12
	NotifyAttributesNotSupported  NotifyType = 13
	NotifyNoProposalChosen        NotifyType = 14
	NotifyBadProposalSyntax       NotifyType = 15
	NotifyPayloadMalformed        NotifyType = 16
	NotifyInvalidKeyInformation   NotifyType = 17
	NotifyInvalidIDInformation    NotifyType = 18
	NotifyInvalidCertEncoding     NotifyType = 19
	NotifyInvalidCertificate      NotifyType = 20
	NotifyCertTypeUnsupported     NotifyType = 21
	NotifyInvalidCertAuthority    NotifyType = 22
	NotifyInvalidHashInformation  NotifyType = 23
	NotifyAuthenticationFailed    NotifyType = 24
	NotifyInvalidSignature        NotifyType = 25
	NotifyAddressNotification     NotifyType = 26
	NotifySALifetime              NotifyType = 27
	NotifyCertificateUnavailable  NotifyType = 28
	NotifyUnsupportedExchangeType NotifyType = 29
	NotifyUnequalPayloadLengths   NotifyType = 30
)

// Status of RFC 2408 section 3.14.1, RFC 2407 section 4.6.3, RFC 3706 and
// Cisco.
const (
	NotifyConnected         NotifyType = 16384
	NotifyResponderLifetime NotifyType = 24576
	NotifyReplayStatus      NotifyType = 24577
	NotifyInitialContact    NotifyType = 24578
	NotifyCiscoHello        NotifyType = 30000
	NotifyCiscoWWTEBR       NotifyType = 30001
	NotifyCiscoShutUp       NotifyType = 30002
	NotifyIOSKeepalive      NotifyType = 32768
	NotifyIOSKeepaliveAck   NotifyType = 32769
	NotifyDPDRUThere        NotifyType = 36136
	NotifyDPDRUThereAck     NotifyType = 36137
	NotifyCiscoLoadBalance  NotifyType = 40501
	NotifyCiscoLoadDelete   NotifyType = 40502
	NotifyCiscoPSKHash      NotifyType = 40503
)

// notifyNames has IOS's names: it prints PROPOSAL_NOT_CHOSEN for RFC 2408's
// NO-PROPOSAL-CHOSEN, and the others with underscores.
var notifyNames = map[NotifyType]string{
	NotifyInvalidPayloadType: "INVALID_PAYLOAD_TYPE", NotifyDOINotSupported: "DOI_NOT_SUPPORTED", NotifySituationNotSupported: "SITUATION_NOT_SUPPORTED",
	NotifyInvalidCookie: "INVALID_COOKIE", NotifyInvalidMajorVersion: "INVALID_MAJOR_VERSION", NotifyInvalidMinorVersion: "INVALID_MINOR_VERSION",
	NotifyInvalidExchangeType: "INVALID_EXCHANGE_TYPE", NotifyInvalidFlags: "INVALID_FLAGS", NotifyInvalidMessageID: "INVALID_MESSAGE_ID",
	NotifyInvalidProtocolID: "INVALID_PROTOCOL_ID", NotifyInvalidSPI: "INVALID_SPI", NotifyInvalidTransformID: "INVALID_TRANSFORM_ID",
	NotifyAttributesNotSupported: "ATTRIBUTES_NOT_SUPPORTED", NotifyNoProposalChosen: "PROPOSAL_NOT_CHOSEN", NotifyBadProposalSyntax: "BAD_PROPOSAL_SYNTAX",
	NotifyPayloadMalformed: "PAYLOAD_MALFORMED", NotifyInvalidKeyInformation: "INVALID_KEY_INFORMATION", NotifyInvalidIDInformation: "INVALID_ID_INFORMATION",
	NotifyInvalidCertEncoding: "INVALID_CERT_ENCODING", NotifyInvalidCertificate: "INVALID_CERTIFICATE", NotifyCertTypeUnsupported: "CERT_TYPE_UNSUPPORTED",
	NotifyInvalidCertAuthority: "INVALID_CERT_AUTHORITY", NotifyInvalidHashInformation: "INVALID_HASH_INFORMATION", NotifyAuthenticationFailed: "AUTHENTICATION_FAILED",
	NotifyInvalidSignature: "INVALID_SIGNATURE", NotifyAddressNotification: "ADDRESS_NOTIFICATION", NotifySALifetime: "NOTIFY_SA_LIFETIME",
	NotifyCertificateUnavailable: "CERTIFICATE_UNAVAILABLE", NotifyUnsupportedExchangeType: "UNSUPPORTED_EXCHANGE_TYPE",
	NotifyUnequalPayloadLengths: "UNEQUAL_PAYLOAD_LENGTHS",

	NotifyConnected: "CONNECTED", NotifyResponderLifetime: "RESPONDER_LIFETIME", NotifyReplayStatus: "REPLAY_STATUS", NotifyInitialContact: "INITIAL_CONTACT",
	NotifyCiscoHello: "CISCO_HELLO", NotifyCiscoWWTEBR: "CISCO_WWTEBR", NotifyCiscoShutUp: "CISCO_SHUT_UP", NotifyIOSKeepalive: "KEEP_ALIVE",
	NotifyIOSKeepaliveAck: "KEEP_ALIVE_ACK", NotifyDPDRUThere: "DPD/R_U_THERE", NotifyDPDRUThereAck: "DPD/R_U_THERE_ACK",
	NotifyCiscoLoadBalance: "LOAD_BALANCE", NotifyCiscoLoadDelete: "LOAD_BALANCE_DELETE", NotifyCiscoPSKHash: "PRESHARED_KEY_HASH",
}

func (t NotifyType) String() string { return name(notifyNames, t, "notify type") }
