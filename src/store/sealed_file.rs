//! Files of values, as they are or sealed.
//!
//! A sealed file is a header (8 bytes that name the format, a salt of 24) and chunks of 64 KiB, each with its tag: the STREAM
//! construction (Hoang, Reyhanitabar, Rogaway, Vizár 2015) over AES-256-GCM, with the parameters of the `StreamBE32` of `RustCrypto`.
//! Each file has a key of its own, made from the salt; a chunk's nonce is its number and whether it is the last. So a chunk that
//! was changed, moved, left out or cut off is damage, and so is a file in another's place.

use std::{
    fs::File,
    io::{self, BufWriter, Read as _, Write},
    path::Path,
};

use arrow::buffer::Buffer;
use mmap_io::{MemoryMappedFile, MmapIoError};
use ring::aead::{Aad, LessSafeKey, Nonce};
use smallvec::SmallVec;
use tempfile::NamedTempFile;

use super::crypt::{Crypt, Place, TAG_BYTES, key_of, random};

const MAGIC: [u8; 8] = *b"Pflwsea1";
const SALT_BYTES: usize = 24;
const HEADER_BYTES: usize = MAGIC.len() + SALT_BYTES;

/// How much of the content is sealed at once.
const CHUNK_BYTES: usize = 64 << 10;

/// Returns how long the file of so much content is.
pub(super) const fn len_of(content: u64, crypt: &Crypt) -> u64 {
    if !crypt.is_sealed() {
        return content;
    }
    // An empty content has one chunk, which is empty.
    let n_chunks = if content == 0 { 1 } else { content.div_ceil(CHUNK_BYTES as u64) };
    HEADER_BYTES as u64 + content + n_chunks * TAG_BYTES as u64
}

/// What a file's chunks are sealed with.
struct Chunks {
    key: LessSafeKey,
    aad: SmallVec<[u8; 96]>,
    next: u32,
}

impl Chunks {
    /// Returns the next nonce: 7 bytes of nothing, as the key is the file's own, the chunk's number, whether it is the last.
    fn nonce(&mut self, is_last: bool) -> io::Result<Nonce> {
        let mut nonce = [0; 12];
        nonce[7..11].copy_from_slice(&self.next.to_be_bytes());
        nonce[11] = u8::from(is_last);
        self.next = self.next.checked_add(1).ok_or(io::ErrorKind::FileTooLarge)?;
        Ok(Nonce::assume_unique_for_key(nonce))
    }
}

/// A file that is being written.
pub(super) struct FileWriter {
    out: BufWriter<NamedTempFile>,
    sealing: Option<(Chunks, Vec<u8>)>,
}

impl FileWriter {
    /// Returns a new file without a name in a folder.
    pub(super) fn new(folder: &Path, crypt: &Crypt, place: Place<'_>) -> io::Result<Self> {
        let mut out = BufWriter::with_capacity(256 << 10, NamedTempFile::new_in(folder)?);
        let sealing = match crypt.file_key() {
            None => None,
            Some(key) => {
                let salt: [u8; SALT_BYTES] = random().map_err(io::Error::other)?;
                out.write_all(&MAGIC)?;
                out.write_all(&salt)?;
                let key = key_of(key, &salt).map_err(io::Error::other)?;
                let chunks = Chunks { key, aad: place.aad(), next: 0 };
                Some((chunks, Vec::with_capacity(CHUNK_BYTES + TAG_BYTES)))
            }
        };
        Ok(Self { out, sealing })
    }

    /// Writes what is left; returns the file.
    pub(super) fn finish(mut self) -> io::Result<NamedTempFile> {
        if let Some((chunks, buffer)) = &mut self.sealing {
            write_chunk(&mut self.out, chunks, buffer, true)?;
        }
        self.out.into_inner().map_err(io::IntoInnerError::into_error)
    }
}

fn write_chunk(out: &mut impl Write, chunks: &mut Chunks, buffer: &mut Vec<u8>, is_last: bool) -> io::Result<()> {
    let nonce = chunks.nonce(is_last)?;
    chunks
        .key
        .seal_in_place_append_tag(nonce, Aad::from(&chunks.aad), buffer)
        .map_err(|_unspecified| io::ErrorKind::FileTooLarge)?;
    out.write_all(buffer)?;
    buffer.clear();
    Ok(())
}

impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let Some((chunks, buffer)) = &mut self.sealing else { return self.out.write(bytes) };
        // A full chunk is written once more follows: until then it may be the last.
        if buffer.len() == CHUNK_BYTES {
            write_chunk(&mut self.out, chunks, buffer, false)?;
        }
        let n_bytes = bytes.len().min(CHUNK_BYTES - buffer.len());
        buffer.extend_from_slice(&bytes[..n_bytes]);
        Ok(n_bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Why a file could not be read.
#[derive(Debug)]
pub(super) enum ReadError {
    /// The system said no.
    Io(io::Error),
    /// It is not what was written.
    Damaged(&'static str),
}

impl From<io::Error> for ReadError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}

/// The bytes of a file, mapped into memory: read from the disk when they are looked at.
///
/// Nobody writes to a value's file once it has its name; removing it leaves the map as it was.
pub(super) fn map(path: &Path) -> io::Result<Buffer> {
    let file = MemoryMappedFile::open_ro(path).map_err(|error| match error {
        MmapIoError::Io(error) => error,
        other => io::Error::other(other),
    })?;
    let n_bytes = file.len();
    // Looked at once here, so that it cannot fail later.
    file.as_slice_bytes(0, n_bytes).map_err(io::Error::other)?;
    Ok(Buffer::from(bytes::Bytes::from_owner(Mapped { file, n_bytes })))
}

struct Mapped {
    file: MemoryMappedFile,
    n_bytes: u64,
}

impl AsRef<[u8]> for Mapped {
    fn as_ref(&self) -> &[u8] {
        self.file.as_slice_bytes(0, self.n_bytes).unwrap_or_default()
    }
}

/// Returns the content of a file.
pub(super) fn read(path: &Path, crypt: &Crypt, place: Place<'_>) -> Result<Vec<u8>, ReadError> {
    let mut file = File::open(path)?;
    let n_bytes = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    let mut content = Vec::new();
    content.try_reserve_exact(n_bytes).map_err(|_too_large| io::Error::from(io::ErrorKind::OutOfMemory))?;
    match crypt.file_key() {
        None => {
            file.read_to_end(&mut content)?;
        }
        Some(key) => {
            let (mut header, cut) = ([0; HEADER_BYTES], "it is cut off");
            let Some(mut n_left) = n_bytes.checked_sub(HEADER_BYTES) else { return Err(ReadError::Damaged(cut)) };
            file.read_exact(&mut header)?;
            let (magic, salt) = header.split_at(MAGIC.len());
            if magic != MAGIC {
                return Err(ReadError::Damaged("it is not a sealed file"));
            }
            let key = key_of(key, salt).map_err(io::Error::other)?;
            let mut chunks = Chunks { key, aad: place.aad(), next: 0 };
            while n_left > 0 || chunks.next == 0 {
                let n_chunk = n_left.min(CHUNK_BYTES + TAG_BYTES);
                n_left -= n_chunk;
                read_chunk(&mut file, &mut chunks, &mut content, n_chunk, n_left == 0)?;
            }
        }
    }
    Ok(content)
}

/// Reads a chunk behind what is there already and opens it where it lies.
fn read_chunk(
    file: &mut File,
    chunks: &mut Chunks,
    content: &mut Vec<u8>,
    n_bytes: usize,
    is_last: bool,
) -> Result<(), ReadError> {
    let start = content.len();
    if file.take(n_bytes as u64).read_to_end(content)? < n_bytes {
        return Err(ReadError::Damaged("it became shorter while it was read"));
    }
    let nonce = chunks.nonce(is_last)?;
    let n_content = chunks
        .key
        .open_in_place(nonce, Aad::from(&chunks.aad), &mut content[start..])
        .map_err(|_unspecified| ReadError::Damaged("its bytes have changed, or it is another value's"))?
        .len();
    content.truncate(start + n_content);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::{store::crypt::Key, value::Fingerprint};

    const CHUNK: usize = CHUNK_BYTES + TAG_BYTES;

    fn crypt() -> Crypt {
        Crypt::sealed(Key([3; 32])).unwrap()
    }

    fn name(text: &str) -> Fingerprint {
        Fingerprint::of_bytes(text.as_bytes())
    }

    fn content(n_bytes: usize) -> Vec<u8> {
        (0..n_bytes).map(|at| (at / 7) as u8).collect()
    }

    /// Returns the bytes of a file with so much content.
    fn sealed(n_bytes: usize) -> Vec<u8> {
        let folder = tempfile::tempdir().unwrap();
        let mut writer = FileWriter::new(folder.path(), &crypt(), Place::Value(&name("a"))).unwrap();
        for part in content(n_bytes).chunks(10_007) {
            writer.write_all(part).unwrap();
        }
        fs::read(writer.finish().unwrap().path()).unwrap()
    }

    fn opened_as(bytes: &[u8], of: &str, crypt: &Crypt) -> Result<Vec<u8>, ReadError> {
        let file = NamedTempFile::new().unwrap();
        fs::write(file.path(), bytes).unwrap();
        read(file.path(), crypt, Place::Value(&name(of)))
    }

    fn is_damaged(bytes: &[u8]) -> bool {
        matches!(opened_as(bytes, "a", &crypt()), Err(ReadError::Damaged(_)))
    }

    #[test]
    fn files_of_every_length_around_a_chunk_come_back() {
        for n_bytes in [0, 1, CHUNK_BYTES - 1, CHUNK_BYTES, CHUNK_BYTES + 1, 2 * CHUNK_BYTES, 3 * CHUNK_BYTES + 5] {
            let bytes = sealed(n_bytes);
            assert_eq!(bytes.len() as u64, len_of(n_bytes as u64, &crypt()), "{n_bytes}");
            assert_eq!(opened_as(&bytes, "a", &crypt()).unwrap(), content(n_bytes), "{n_bytes}");
        }
    }

    #[test]
    fn nothing_of_the_content_is_in_the_file() {
        let bytes = sealed(1_000);
        assert!(!bytes.windows(16).any(|window| content(1_000).windows(16).any(|part| part == window)));
        assert_ne!(sealed(1_000), bytes, "each file has a key of its own");
    }

    #[test]
    fn a_changed_bit_anywhere_is_damage() {
        let bytes = sealed(2 * CHUNK_BYTES + 100);
        for at in [0, 7, 8, 31, 32, 1_000, CHUNK - 1 + 32, CHUNK + 32, bytes.len() - 117, bytes.len() - 1] {
            let mut changed = bytes.clone();
            changed[at] ^= 0x10;
            assert!(is_damaged(&changed), "{at}");
        }
    }

    #[test]
    fn a_cut_file_is_damage_even_between_two_chunks() {
        let bytes = sealed(2 * CHUNK_BYTES + 100);
        for end in [0, 31, 32, 33, HEADER_BYTES + CHUNK, HEADER_BYTES + 2 * CHUNK, bytes.len() - 1] {
            assert!(is_damaged(&bytes[..end]), "{end}");
        }
        assert!(is_damaged(&[&bytes[..], b"more"].concat()));
    }

    #[test]
    fn chunks_that_changed_places_or_came_from_another_file_are_damage() {
        let bytes = sealed(3 * CHUNK_BYTES);
        let chunk = |bytes: &[u8], at: usize| bytes[HEADER_BYTES + at * CHUNK..][..CHUNK].to_vec();
        let with = |parts: [Vec<u8>; 3]| [bytes[..HEADER_BYTES].to_vec(), parts.concat()].concat();
        let (one, two, three) = (chunk(&bytes, 0), chunk(&bytes, 1), chunk(&bytes, 2));
        assert!(!is_damaged(&with([one.clone(), two.clone(), three.clone()])));
        assert!(is_damaged(&with([two.clone(), one.clone(), three.clone()])));
        assert!(is_damaged(&with([one.clone(), one.clone(), three])));
        let other = sealed(3 * CHUNK_BYTES);
        assert!(is_damaged(&with([one, two, chunk(&other, 2)])));
    }

    #[test]
    fn a_file_in_anothers_place_or_of_another_key_is_damage() {
        let bytes = sealed(10);
        assert!(matches!(opened_as(&bytes, "b", &crypt()), Err(ReadError::Damaged(_))));
        let other = Crypt::sealed(Key([4; 32])).unwrap();
        assert!(matches!(opened_as(&bytes, "a", &other), Err(ReadError::Damaged(_))));
        assert!(matches!(
            opened_as(b"a plain file that is longer than a header", "a", &crypt()),
            Err(ReadError::Damaged(_))
        ));
    }
}
