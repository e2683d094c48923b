// Package store keeps trustpoints and key pairs in a directory.
//
//	DIR/                  0700
//	    lock              whoever writes holds it exclusively, whoever reads shared
//	    IOSCA1.3/         trustpoint IOSCA1, installed by the store's third import:
//	        ca.pem        the CA certificate, the trustpoint's only trust anchor;
//	                      missing where the certificate is self-signed
//	        cert.pem      the identity certificate                          } both or none
//	        key.pem       its private key, PKCS #8, with its label above it }
//	        chain.pem     CAs that go out after the identity certificate, if any
//	        crl.HASH.pem  the newest CRL of one issuer (and issuing distribution point); HASH is of its name
//	    keys/
//	        rsa.LABEL.pem the key pairs of crypto key generate and import
//	        ec.LABEL.pem
//	    enrolling.IOSCA1.pem
//	                      the enrolment of a trustpoint that is under way
//	    trustpool.pem     CAs for peers that stand under no trustpoint
//	    commit            the steps that are left of a change
//	    .new.*            being written
//
// The number after the name is the order of enrolment: an import takes one more
// than the highest number in the directory, so a trustpoint that is imported
// again becomes the newest, as one that enrolls again does on IOS. (A trustpoint
// without identity has a number too; it does not count as enrolled.)
//
// A change writes what is new aside, as .new, and syncs it. One rename is the moment
// at which it holds: that of the one file it is about, or that of commit, which lists
// what takes its place and what goes. Whoever takes the lock next finishes what a
// crash has interrupted, and a writer removes what was left behind. Directories have
// mode 0700, files 0600; where root works on the store of another user all of it is that
// user's.
//
// A trustpoint has a copy of the key that its certificate is for: the two come and
// go together, whatever happens to the label. With a passphrase (UsePassphrase)
// keys are encrypted as they are written: PKCS #8 with PBES2.
package store
