//! Uploads against the simplest model there is: the bytes of the chunks that were accepted, one after another.

use super::palette::PIECES;
use super::player::{Call, Player, preview, sha256, status};
use super::script::{ChunkRange, Close, Move};
use super::violation::Oracle;
use crate::oci::range::{ByteRanges, ContentRange};

/// Plays the moves of one upload.
pub async fn play(player: &mut Player<'_>, moves: &[Move]) {
    let session = player.sessions.len();
    let mut open = Call::new("POST", "/v2/${repo}/blobs/uploads/");
    open.opens = Some(session);
    let answer = player.call(open).await;
    if answer.status() != Some(202) || player.sessions.get(session).is_none_or(Option::is_none) {
        return;
    }
    let mut upload = Upload {
        session,
        held: Vec::new(),
        is_sure: true,
        is_over: false,
        letters: player.manner.nonce.unwrap_or(7),
    };
    for step in moves {
        match step {
            Move::Chunk(length, range) => upload.chunk(player, *length, range).await,
            Move::Status => {
                player.call(Call::new("GET", upload.target())).await;
            }
            Move::Cancel => {
                let answer = player.call(Call::new("DELETE", upload.target())).await;
                upload.is_over |= answer.status().is_some_and(|status| status < 300);
                upload.is_sure = false;
            }
            Move::Foreign => upload.foreign(player).await,
            Move::Beside(length) => upload.beside(player, *length).await,
            Move::Close(length, close) => upload.close(player, *length, close).await,
        }
        if player.played.put_off {
            return;
        }
    }
}

struct Upload {
    session: usize,
    /// The bytes that were accepted.
    held: Vec<u8>,
    /// Whether the registry can hold nothing else.
    is_sure: bool,
    /// Whether it was completed or cancelled.
    is_over: bool,
    letters: u64,
}

impl Upload {
    fn target(&self) -> String {
        format!("${{s{}}}", self.session)
    }

    /// So many bytes that no other upload has.
    fn bytes(&mut self, length: u8) -> Vec<u8> {
        let mut rng = fastrand::Rng::with_seed(self.letters);
        self.letters = rng.u64(..);
        (0..length).map(|_| rng.alphanumeric() as u8).collect()
    }

    async fn chunk(&mut self, player: &mut Player<'_>, length: u8, range: &ChunkRange) {
        let bytes = self.bytes(length);
        let first = self.held.len();
        let span = |first: usize| format!("{first}-{}", first + bytes.len() - 1);
        let mut call = Call::new("PATCH", self.target())
            .header("Content-Type", "application/octet-stream")
            .body(bytes.clone());
        let text = match range {
            ChunkRange::Right => Some(span(first)),
            ChunkRange::Absent => None,
            ChunkRange::Gap(gap) => Some(span(first + usize::from(*gap))),
            // An empty field is as good as none.
            ChunkRange::Garbage(text) => Some(text.clone()).filter(|text| !text.is_empty()),
        };
        if let Some(text) = &text {
            call = call.header("Content-Range", text.clone());
        }
        call.opens = Some(self.session);
        let answer = player.call(call).await;
        let accepted = answer.status().is_some_and(|status| (200..300).contains(&status));
        if !accepted {
            // Nothing says that a refused chunk leaves no trace, but for 416.
            self.is_sure &= answer.status() == Some(416) && answer.error().is_none();
            return;
        }
        self.held.extend_from_slice(&bytes);
        if self.is_over {
            self.is_sure = false;
            return player.accuse(Oracle::SessionReused, &answer, "{status: 4xx}", "a chunk was accepted");
        }
        match range {
            ChunkRange::Right | ChunkRange::Absent => {}
            ChunkRange::Gap(_) if !self.is_sure => {}
            ChunkRange::Gap(_) => {
                self.is_sure = false;
                player.accuse(Oracle::ChunkGap, &answer, "{status: 416}", status(&answer));
            }
            ChunkRange::Garbage(text) => {
                self.is_sure = false;
                // The words have ranges in their right form too.
                if !text.is_empty() && !is_upload_range(text) {
                    let seen = status(&answer);
                    player.accuse(Oracle::ChunkGarbage, &answer, "{status: 4xx}", seen);
                }
            }
        }
    }

    /// The upload's name with another repository before it, if the registry has uploads at the usual place.
    async fn foreign(&mut self, player: &mut Player<'_>) {
        let location = player.sessions.get(self.session).cloned().flatten().unwrap_or_default();
        let uploads = format!("/v2/{}/blobs/uploads/", player.room.repository);
        if self.is_over || !location.contains(&uploads) {
            return;
        }
        let bytes = self.bytes(4);
        let call = Call::new("PATCH", format!("/v2/${{other}}/blobs/uploads/${{i{}}}", self.session))
            .header("Content-Type", "application/octet-stream")
            .header("Content-Range", format!("{}-{}", self.held.len(), self.held.len() + 3))
            .body(bytes);
        let answer = player.call(call).await;
        if answer.status().is_some_and(|status| (200..300).contains(&status)) {
            self.is_sure = false;
            player.accuse(Oracle::SessionForeign, &answer, "{status: 404}", "a chunk was accepted");
        }
    }

    /// Another upload, which is none of this one's business.
    async fn beside(&mut self, player: &mut Player<'_>, length: u8) {
        let other = player.sessions.len();
        let mut open = Call::new("POST", "/v2/${repo}/blobs/uploads/");
        open.opens = Some(other);
        player.call(open).await;
        if player.sessions.get(other).is_none_or(Option::is_none) {
            return;
        }
        let call = Call::new("PATCH", format!("${{s{other}}}"))
            .header("Content-Type", "application/octet-stream")
            .header("Content-Range", format!("0-{}", length - 1))
            .body(self.bytes(length));
        player.call(call).await;
    }

    async fn close(&mut self, player: &mut Player<'_>, length: u8, close: &Close) {
        let bytes = self.bytes(length);
        let whole = [&self.held[..], &bytes].concat();
        let wrong = sha256(&[&whole[..], b"wrong"].concat());
        let digest = match close {
            Close::Right => sha256(&whole),
            Close::Wrong => wrong.clone(),
            Close::Garbage(text) => text.clone(),
        };
        let mut call = Call::new("PUT", self.target()).header("Content-Type", "application/octet-stream");
        if !bytes.is_empty() {
            call = call.body(bytes);
        }
        call.query.push(("digest".to_owned(), digest.clone()));
        let answer = player.call(call).await;
        let accepted = answer.status().is_some_and(|status| (200..300).contains(&status));
        if self.is_over {
            if accepted {
                player.accuse(
                    Oracle::SessionReused,
                    &answer,
                    "{status: 4xx}",
                    "it was completed once more",
                );
            }
            return;
        }
        let was_sure = self.is_sure;
        self.is_over |= accepted;
        // A refused end may have taken its bytes.
        self.is_sure &= accepted;
        let is_mismatch = String::from_utf8_lossy(&answer.body.bytes).contains("DIGEST_INVALID");
        if matches!(close, Close::Right) && was_sure && !accepted && is_mismatch {
            return player.accuse(Oracle::CloseRefused, &answer, "{status: 201}", preview(&answer));
        }
        let blob = Call::new("GET", format!("/v2/${{repo}}/blobs/{digest}"));
        match close {
            Close::Right if accepted && was_sure => {
                let answer = player.call_until(blob, |answer| answer.status() == Some(200)).await;
                let is_there = answer.status() == Some(200) && answer.body.bytes == whole;
                if !is_there && answer.error().is_none() {
                    let seen = format!("{:?} {}", answer.status(), preview(&answer));
                    let matcher = format!(
                        "[{{status: 200}}, {{body: {{matches: \"^{}$\"}}}}]",
                        String::from_utf8_lossy(&whole)
                    );
                    player.accuse(Oracle::BlobLost, &answer, matcher, seen);
                }
            }
            Close::Wrong => {
                let answer = player.call(blob).await;
                if answer.status() == Some(200) {
                    player.accuse(Oracle::BlobWrongDigest, &answer, "{status: 404}", preview(&answer));
                }
            }
            _ => {}
        }
    }
}

/// Whether a text is a range of an upload: two numbers, the second not below the first.
fn is_upload_range(text: &str) -> bool {
    text.parse::<crate::oci::range::UploadRange>().is_ok()
}

/// Asks for a part of a blob.
pub async fn part(player: &mut Player<'_>, range: &str) {
    let piece = &PIECES[1];
    player.provide(piece.digest.as_str().as_bytes()).await;
    let call = Call::new("GET", format!("/v2/${{repo}}/blobs/{}", piece.digest)).header("Range", range);
    let answer = player.call(call).await;
    let whole = piece.text.as_bytes();
    let Some(span) = answer.header("Content-Range").filter(|_| answer.status() == Some(206)) else {
        if answer.status() == Some(200) && answer.body.bytes != whole {
            player.accuse(Oracle::BlobLost, &answer, "{content: layer}", preview(&answer));
        }
        return;
    };
    let Ok(ContentRange::Part { first, last, complete }) = span.parse::<ContentRange>() else {
        return;
    };
    let slice = usize::try_from(first)
        .ok()
        .zip(usize::try_from(last).ok())
        .and_then(|(first, last)| whole.get(first..=last));
    let is_true =
        slice == Some(&answer.body.bytes[..]) && complete.is_none_or(|complete| complete == whole.len() as u64);
    // Of several ranges a server may give any, and in any form.
    let asked = range
        .parse::<ByteRanges>()
        .ok()
        .and_then(|ranges| ranges.single()?.resolve(whole.len() as u64));
    let is_right = is_true && asked.is_none_or(|asked| asked == (first..last + 1));
    if !is_right {
        let matcher = format!(
            "{{not: {{header: {{Content-Range: {}}}}}}}",
            super::execute::quoted(span)
        );
        player.accuse(
            Oracle::RangeWrong,
            &answer,
            matcher,
            format!("{span}: {}", preview(&answer)),
        );
    }
}
