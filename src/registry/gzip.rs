//! Gzip without compression: what it takes to send content under a content coding.
//!
//! Follows [RFC 1952](https://www.rfc-editor.org/rfc/rfc1952) with the stored blocks of
//! [RFC 1951](https://www.rfc-editor.org/rfc/rfc1951). The result is longer than the content, which is all the same to a
//! client that has to undo it.

/// The most bytes that one stored block can have.
const BLOCK: usize = 65_535;

/// The content as a gzip member.
pub(super) fn stored(content: &[u8]) -> Vec<u8> {
    let mut member = Vec::with_capacity(content.len() + content.len() / BLOCK * 5 + 32);
    member.extend([0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255]);
    let mut rest = content;
    loop {
        let (block, after) = rest.split_at(rest.len().min(BLOCK));
        let length = u16::try_from(block.len()).unwrap_or(u16::MAX);
        member.push(u8::from(after.is_empty()));
        member.extend(length.to_le_bytes());
        member.extend((!length).to_le_bytes());
        member.extend(block);
        rest = after;
        if rest.is_empty() {
            break;
        }
    }
    member.extend(crc32(content).to_le_bytes());
    // The length is kept modulo 2^32.
    member.extend((content.len() as u32).to_le_bytes());
    member
}

fn crc32(content: &[u8]) -> u32 {
    !content.iter().fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(*byte), |crc, _| {
            (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_usual_one() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(stored(b"abc").len(), 10 + 5 + 3 + 8);
        assert_eq!(stored(&vec![0; BLOCK + 1]).len(), 10 + 10 + BLOCK + 1 + 8);
    }
}
