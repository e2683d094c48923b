package pki

import (
	"crypto"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"errors"
)

// ErrLabKey refuses the private keys of the laboratory: they are part of the
// program, and everybody has them.
var ErrLabKey = errors.New("the private key is one of obol lab's own, which everybody has: make one for this router")

// isLabKey says whether a public key belongs to one of them.
func isLabKey(pub crypto.PublicKey) bool {
	spki, err := x509.MarshalPKIXPublicKey(pub)
	digest := sha256.Sum256(spki)
	return err == nil && labKeys[hex.EncodeToString(digest[:])]
}

// labKeys are the keys of internal/lab by the SHA-256 hash of their
// SubjectPublicKeyInfo.
var labKeys = map[string]bool{
	"668d9f6d8fe93948e84cc1a326e01ac55fc0bac83eb9ef63cf2f349b2f465cc2": true,
	"f600774b8e80531f900192ab5a424346b0894a0a3bc56f2bd576ea4fba4942f0": true,
	"be1bb650405a2fb1ef9ef8d0672c9581967694d45b2037b24d3391c42d2723e5": true,
	"b74b780321fbde1b55b02fabef1d25864938f98ab96565e251c185a5ba2291f4": true,
	"963f8de68435ff0bca40f098057f88349f27c0f1b427cb3f6e35068565b9716c": true,
	"a4bd5c3250ecdc38af2271b0a92931fe022a3b543f310c5a25afe3452d5a2af7": true,
	"1c6b4bfd4fac022848026fabd12cbbc310538ee53ca1b67a83770bfe8544300d": true,
	"1542b4fe01331a8d301eff476ffed7dafe17452ea0985a5c8557792f96bbd502": true,
	"54153818df74e689f2c0ceb8f305fb2336a0dad8396a57246ae1a34f89c1c56c": true,
	"8a6602deee7760d1acf91be1a5fadbea6dcf2ff4cfbba4250477508057d20a03": true,
	"8c0e4ec45590f3424c1ae7b8885992277ca23f87a17251356492ced94be09fc1": true,
	"86d72d447a3ea85cb9ab22620eeac148f7deb41cb26d4e5865408fb0a715de57": true,
	"466ab8ba5fe8aea304c250e414d0bf06a1c79d35f8d7656043f064cec02c1006": true,
	"c583e1cbec834740faae2a8ed074e2f7efc82572491d7e3748b6ec4eb5f7a09b": true,
	"e72595d0b1b542635f0f789fbb5ffee13dcfbbed812a3033493611df3232b2d7": true,
	"a236b595fb97888f9d2317de881a112bcbc6aa52f9a9a2996fcc52ba2b1da939": true,
	"e5b91543e3b4557e62892453f1286c353561333c0b8c02862f8276512883982c": true,
	"7ccb59072c0c522bf19216b3a2ef4d1b10b7ff59b0a629ad019bf343a2167b5f": true,
	"ad3352095b72bf707e863ce18842a8510831c38c88711c979591febd204d6828": true,
	"b290e2badf8bd0012892d3dfd74d2f120749b9fac2b66fbce83a6bdd60129a87": true,
	"09440d8ef2f0e45149d407ed82d544d68c8bcef6f8a6f133ea4667f04b89b9f9": true,
	"10a90a31a7aa2fbcd749762d39d0855b715bb36599f33c3a495c44a98b3007a1": true,
	"a7676d6d5f07cbe5e1c248a1ada8bb668c0e7e3cf406463f77eeda9e24c34586": true,
	"ca2de6bae5da6221f1e90c64593054f3157d0a38c3bc606fc69a1e78c8834c1c": true,
	"e5a02c7046897b15f745b0a553647c6e6b76a825cac1443dfedabf049892069c": true,
	"1602d417866aa68ca018fbdbc990d01d9086e541aac47bb30aa31f78d6aa4265": true,
	"c943989c929918e7a19b82752a0245f54e4877132a0c15bf0330b7c0ad5533ba": true,
	"d1242134a72b4bd11cc8fa3f0b9f14ad9518432b565099aad0eaf1d00f0c836f": true,
	"1c66254b6273d67f69256725ee7647bbcf1f33e58c9a56ba93540363752ee2a3": true,
	"1fec5ac42bed939e69670d3b81efff4754e0ad152d6e38554af4044bd18aa02a": true,
}
