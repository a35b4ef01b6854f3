//! Iterations as bytes: a row in one piece, with few words, numbers in as few bytes as they need, and large values elsewhere.

use std::sync::{Arc, LazyLock};

use super::{
    IterationCell, IterationRow, IterationStatus, IterationTimes, LoopAbout, LoopId, LoopRecord, codec,
    database::Reader, loop_record::IterationLog,
};
use crate::{
    nodes::Outputs,
    value::{Fingerprint, Value},
    workflow::PortId,
};

/// Values of up to this many bytes stand in the row itself.
pub(super) const MAX_INLINE_BYTES: usize = 512;

/// Where a value is that does not stand in its row.
pub(super) enum Large {
    /// In memory, at this place.
    Place(u64),
    /// In the store.
    Fingerprint(Fingerprint),
}

pub(super) fn cut_short() -> String {
    "it is cut short".to_owned()
}

pub(super) fn put_number(number: u64, out: &mut Vec<u8>) {
    let mut left = number;
    while left >= 0x80 {
        out.push(left as u8 | 0x80);
        left >>= 7;
    }
    out.push(left as u8);
}

/// Writes a number so that small ones of either sign are short: zigzag.
fn put_signed(number: i64, out: &mut Vec<u8>) {
    put_number(((number << 1) ^ (number >> 63)) as u64, out);
}

fn put_bytes(bytes: &[u8], out: &mut Vec<u8>) {
    put_number(bytes.len() as u64, out);
    out.extend_from_slice(bytes);
}

const NULL: u8 = 0;
const INT: u8 = 1;
const INLINE: u8 = 2;
const PLACE: u8 = 3;
const FINGERPRINT: u8 = 4;

fn put_value(value: &Value, out: &mut Vec<u8>, keep: &mut impl FnMut(&Value) -> Large) {
    match value {
        Value::Null => return out.push(NULL),
        Value::Int(number) => {
            out.push(INT);
            return put_signed(*number, out);
        }
        Value::Table(_) | Value::Image(_) => {}
        value if value.size_bytes() <= MAX_INLINE_BYTES => {
            if let Ok(bytes) = codec::to_bytes(value) {
                out.push(INLINE);
                return put_bytes(&bytes, out);
            }
        }
        _ => {}
    }
    match keep(value) {
        Large::Place(place) => {
            out.push(PLACE);
            put_number(place, out);
        }
        Large::Fingerprint(fingerprint) => {
            out.push(FINGERPRINT);
            out.extend_from_slice(fingerprint.as_bytes());
        }
    }
}

/// Writes what is kept of an inner loop whose iterations are in the same store.
pub(super) fn put_about(record: &Arc<LoopRecord>, out: &mut Vec<u8>) {
    put_bytes(&postcard::to_stdvec(&record.about).unwrap_or_default(), out);
}

pub(super) fn take_about(rest: &mut Taker<'_>, reader: &Reader) -> Result<Arc<LoopRecord>, String> {
    let length = rest.number()?;
    let about: LoopAbout = postcard::from_bytes(rest.take(length)?).map_err(|error| error.to_string())?;
    Ok(Arc::new(LoopRecord { log: IterationLog::stored(about.id, reader.clone()), about }))
}

/// The bits of a row's first byte. Rows that were written before they had times have none.
const IS_FINISHED: u8 = 1;
const HAS_ITEM: u8 = 1 << 1;
const HAS_TIMES: u8 = 1 << 2;

/// The bits of a cell's first byte beside its status.
const HAS_INNER: u8 = 1 << 5;
const HAS_OUTPUTS: u8 = 1 << 6;
const HAS_ERROR: u8 = 1 << 7;

pub(super) fn encode(
    row: &IterationRow,
    ports: &[PortId],
    out: &mut Vec<u8>,
    mut keep: impl FnMut(&Value) -> Large,
    mut put_inner: impl FnMut(&Arc<LoopRecord>, &mut Vec<u8>),
) {
    let flag = |bit: u8, is_set: bool| if is_set { bit } else { 0 };
    let head = flag(IS_FINISHED, row.is_finished) | flag(HAS_ITEM, row.item.is_some());
    out.push(head | flag(HAS_TIMES, row.times.is_some()));
    if let Some(times) = row.times {
        put_signed(times.from_micros, out);
        put_number(times.took_micros, out);
    }
    if let Some(item) = &row.item {
        put_value(item, out, &mut keep);
    }
    put_value(&row.next, out, &mut keep);
    for cell in &row.cells {
        let has_outputs = flag(HAS_OUTPUTS, cell.outputs.is_some());
        let has_inner = flag(HAS_INNER, cell.inner.is_some());
        out.push(cell.status as u8 | has_inner | has_outputs | flag(HAS_ERROR, cell.error.is_some()));
        put_number(cell.took_nanos, out);
        if let Some(outputs) = &cell.outputs {
            out.push(outputs.iter().len() as u8);
            for (port, value) in outputs.iter() {
                let number = ports.iter().position(|known| known == port);
                put_number(number.map_or(0, |number| number as u64 + 1), out);
                if number.is_none() {
                    put_bytes(port.as_str().as_bytes(), out);
                }
                put_value(value, out, &mut keep);
            }
        }
        if let Some(error) = &cell.error {
            put_bytes(error.as_bytes(), out);
        }
        if let Some(inner) = &cell.inner {
            put_inner(inner, out);
        }
    }
}

/// Bytes of a row that are yet to be read.
#[derive(Clone)]
pub(super) struct Taker<'a>(&'a [u8]);

impl<'a> Taker<'a> {
    fn byte(&mut self) -> Result<u8, String> {
        let (first, rest) = self.0.split_first().ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(*first)
    }

    pub(super) fn number(&mut self) -> Result<u64, String> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte < 0x80 {
                return Ok(number);
            }
        }
        Err("a number is too long".to_owned())
    }

    fn signed(&mut self) -> Result<i64, String> {
        let zigzag = self.number()?;
        Ok((zigzag >> 1).cast_signed() ^ -((zigzag & 1).cast_signed()))
    }

    fn take(&mut self, n_bytes: u64) -> Result<&'a [u8], String> {
        let (taken, rest) = self.0.split_at_checked(n_bytes as usize).ok_or_else(cut_short)?;
        self.0 = rest;
        Ok(taken)
    }

    fn times(&mut self, head: u8) -> Result<Option<IterationTimes>, String> {
        if head & HAS_TIMES == 0 {
            return Ok(None);
        }
        Ok(Some(IterationTimes { from_micros: self.signed()?, took_micros: self.number()? }))
    }

    fn text(&mut self) -> Result<&'a str, String> {
        let length = self.number()?;
        std::str::from_utf8(self.take(length)?).map_err(|error| error.to_string())
    }

    /// Skips an inner loop that stands in the row with what is kept of it.
    pub(super) fn skip_about(&mut self) -> Result<(), String> {
        let length = self.number()?;
        self.take(length).map(|_| ())
    }

    fn skip_value(&mut self) -> Result<(), String> {
        match self.byte()? {
            NULL => Ok(()),
            INT | PLACE => self.number().map(|_| ()),
            INLINE => {
                let length = self.number()?;
                self.take(length).map(|_| ())
            }
            FINGERPRINT => self.take(32).map(|_| ()),
            other => Err(format!("value tag {other} is unknown")),
        }
    }

    pub(super) fn value(&mut self, large: &mut impl FnMut(Large) -> Result<Value, String>) -> Result<Value, String> {
        match self.byte()? {
            NULL => Ok(Value::Null),
            INT => self.signed().map(Value::Int),
            INLINE => {
                let length = self.number()?;
                codec::decode(codec::Form::Tagged, self.take(length)?)
            }
            PLACE => {
                let place = self.number()?;
                large(Large::Place(place))
            }
            FINGERPRINT => {
                let bytes: [u8; 32] = self.take(32)?.try_into().map_err(|_wrong_length| cut_short())?;
                large(Large::Fingerprint(Fingerprint::from_bytes(bytes)))
            }
            other => Err(format!("value tag {other} is unknown")),
        }
    }
}

pub(super) fn decode(
    bytes: &[u8],
    ports: &[PortId],
    mut large: impl FnMut(Large) -> Result<Value, String>,
    mut take_inner: impl FnMut(&mut Taker<'_>) -> Result<Arc<LoopRecord>, String>,
) -> Result<IterationRow, String> {
    let mut rest = Taker(bytes);
    let head = rest.byte()?;
    let times = rest.times(head)?;
    let item = if head & HAS_ITEM == 0 { None } else { Some(rest.value(&mut large)?) };
    let next = rest.value(&mut large)?;
    let mut cells = Vec::new();
    while !rest.0.is_empty() {
        let flags = rest.byte()?;
        let has = |bit: u8| flags & bit != 0;
        let status = status(flags)?;
        let took_nanos = rest.number()?;
        let outputs = if has(HAS_OUTPUTS) { Some(Arc::new(take_outputs(&mut rest, ports, &mut large)?)) } else { None };
        let error = if has(HAS_ERROR) { Some(rest.text()?.to_owned()) } else { None };
        let inner = if has(HAS_INNER) { Some(take_inner(&mut rest)?) } else { None };
        cells.push(IterationCell { status, took_nanos, outputs, error, inner });
    }
    Ok(IterationRow { is_finished: head & IS_FINISHED != 0, times, item, next, cells })
}

/// A row of which no value has been read.
pub(super) struct Unread<'a> {
    pub(super) times: Option<IterationTimes>,
    /// The item it keeps, if it keeps one.
    pub(super) item: Option<Taker<'a>>,
    pub(super) cells: Vec<UnreadCell<'a>>,
}

/// What came of a node in an iteration, with its values unread.
pub(super) struct UnreadCell<'a> {
    pub(super) status: IterationStatus,
    pub(super) took_nanos: u64,
    pub(super) error: Option<&'a str>,
    outputs: Option<Taker<'a>>,
}

impl UnreadCell<'_> {
    /// Returns whether the row has what the node gave.
    pub(super) const fn gave(&self) -> bool {
        self.outputs.is_some()
    }

    /// Reads what the node gave.
    pub(super) fn outputs(
        &self,
        ports: &[PortId],
        mut large: impl FnMut(Large) -> Result<Value, String>,
    ) -> Result<Option<Outputs>, String> {
        self.outputs.clone().map(|mut outputs| take_outputs(&mut outputs, ports, &mut large)).transpose()
    }
}

/// Goes through the bytes of a row and reads no value; `skip_inner` knows how inner loops stand in it.
pub(super) fn unread<'a>(
    bytes: &'a [u8],
    skip_inner: impl Fn(&mut Taker<'a>) -> Result<(), String>,
) -> Result<Unread<'a>, String> {
    let mut rest = Taker(bytes);
    let head = rest.byte()?;
    let times = rest.times(head)?;
    let item = (head & HAS_ITEM != 0).then(|| rest.clone());
    if item.is_some() {
        rest.skip_value()?;
    }
    rest.skip_value()?;
    let mut cells = Vec::new();
    while !rest.0.is_empty() {
        let flags = rest.byte()?;
        let has = |bit: u8| flags & bit != 0;
        let status = status(flags)?;
        let took_nanos = rest.number()?;
        let outputs = has(HAS_OUTPUTS).then(|| rest.clone());
        if outputs.is_some() {
            for _ in 0..rest.byte()? {
                if rest.number()? == 0 {
                    rest.text()?;
                }
                rest.skip_value()?;
            }
        }
        let error = if has(HAS_ERROR) { Some(rest.text()?) } else { None };
        if has(HAS_INNER) {
            skip_inner(&mut rest)?;
        }
        cells.push(UnreadCell { status, took_nanos, error, outputs });
    }
    Ok(Unread { times, item, cells })
}

fn status(flags: u8) -> Result<IterationStatus, String> {
    let status = IterationStatus::ALL.get(usize::from(flags & (HAS_INNER - 1)));
    status.copied().ok_or_else(|| "a status is unknown".to_owned())
}

/// Returns the values and the inner loops that the bytes of an iteration in a store refer to.
pub(super) fn references(bytes: &[u8], reader: &Reader) -> Result<(Vec<Fingerprint>, Vec<LoopId>), String> {
    /// Which port a value is on makes no difference: more names than any loop has.
    static ANY: LazyLock<Vec<PortId>> = LazyLock::new(|| vec![PortId::from("any"); 4_096]);
    let (mut values, mut loops) = (Vec::new(), Vec::new());
    let large = |large: Large| {
        if let Large::Fingerprint(fingerprint) = large {
            values.push(fingerprint);
        }
        Ok(Value::Null)
    };
    let take_inner = |rest: &mut Taker<'_>| {
        let inner = take_about(rest, reader)?;
        loops.push(inner.about.id);
        Ok(inner)
    };
    decode(bytes, &ANY, large, take_inner)?;
    Ok((values, loops))
}

fn take_outputs(
    rest: &mut Taker<'_>,
    ports: &[PortId],
    large: &mut impl FnMut(Large) -> Result<Value, String>,
) -> Result<Outputs, String> {
    let n_ports = rest.byte()?;
    (0..n_ports)
        .map(|_| {
            let port = match rest.number()? {
                0 => rest.text()?.parse().map_err(|error: crate::workflow::IdError| error.to_string())?,
                number => ports.get(number as usize - 1).cloned().ok_or("a port is unknown")?,
            };
            Ok((port, rest.value(large)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::loop_record::tests::row;

    #[test]
    fn bytes_that_are_no_row_are_an_error() {
        let mut bytes = Vec::new();
        encode(&row(2), &[], &mut bytes, |_| Large::Place(0), put_about);
        let no_inner = |_: &mut Taker<'_>| Err(cut_short());
        for length in 0..bytes.len() {
            // What is cut at the end of a cell is a shorter row; nothing panics.
            let _row = decode(&bytes[..length], &[], |_| Ok(Value::Null), no_inner).is_ok();
        }
        assert!(decode(&[1, NULL, HAS_INNER - 1, 0], &[], |_| Ok(Value::Null), no_inner).is_err());
    }

    #[test]
    fn a_row_from_before_rows_had_times_is_read() {
        let bytes = [IS_FINISHED | HAS_ITEM, INT, 8, NULL, IterationStatus::Executed as u8, 7];
        let row = decode(&bytes, &[], |_| Ok(Value::Null), |_| Err(cut_short())).unwrap();
        assert_eq!((row.times, row.item, row.cells[0].took_nanos), (None, Some(Value::Int(4)), 7));
        let row = unread(&bytes, Taker::skip_about).unwrap();
        assert!(row.times.is_none() && row.item.is_some() && row.cells.len() == 1);
    }
}
