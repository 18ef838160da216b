//! No keyring that can be asked.

use coldframe_ports::fetch::NoSecret;
use zeroize::Zeroizing;

use crate::place::Place;

pub(crate) fn read(_place: &Place) -> Result<Zeroizing<Vec<u8>>, NoSecret> {
    Err(NoSecret::new(
        "the keyring of this system cannot be asked",
        "only that of Linux's kernel can; say `env:` or `file:`",
    ))
}
