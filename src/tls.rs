//! The cryptography behind TLS: ring, for every client in the process.
//!
//! reqwest is built without a provider of its own, so that the binary carries one library (ring) and not
//! two. Whoever builds a client calls [`install_provider`] first; calling it again changes nothing.

/// Makes ring the provider of the process, unless one has been chosen.
pub fn install_provider() {
    if rustls::crypto::CryptoProvider::get_default().is_none() {
        // Another thread may be quicker: then there is a provider, and that is all that matters.
        let _ = rustls::crypto::ring::default_provider().install_default();
    }
}
