//! The part of a snapshot that holds the words of a device about its conditions.

use super::{Conditions, KINDS, Word};
use crate::snapshot::{Read, Reader, Sink};
use crate::time::Timestamp;

const WORD_BYTES: usize = 17;

impl Conditions {
    pub fn write(&self, out: &mut impl Sink) {
        out.u8(self.base);
        out.count(self.words.len());
        for word in &self.words {
            word.time.write(out);
            out.u64(word.seq);
            out.u8((2 * word.condition) as u8 + u8::from(word.is_on));
        }
    }

    pub fn read(from: &mut Reader<'_>) -> Read<Self> {
        let words_max = from.config.history_words;
        let offset = from.offset();
        let base = from.code("the conditions of a device", 1 << KINDS.len())? as u8;
        let count = from.count("words of a device", WORD_BYTES, words_max.max(1))?;
        let mut conditions = Self { base, ..Self::default() };
        conditions.words.reserve(count);
        for _ in 0..count {
            let offset = from.offset();
            let word = Word::read(from)?;
            let last = conditions.words.back().map(|last| (last.time, last.seq));
            let follows = last <= Some((word.time, word.seq));
            from.check(follows, offset, "the time of a word", word.time.ms() as u64)?;
            conditions.words.push_back(word);
        }
        conditions.is_full = count > 0 && count >= words_max;
        let is_known = base == 0 || conditions.is_full;
        from.check(is_known, offset, "the conditions of a device", u64::from(base))?;
        Ok(conditions)
    }
}

impl Word {
    fn read(from: &mut Reader<'_>) -> Read<Self> {
        let time = Timestamp::read(from, "the time of a word")?;
        let seq = from.u64("the sequence number of a word")?;
        let code = from.code("a word of a device", 2 * KINDS.len())?;
        Ok(Self { time, seq, condition: code / 2, is_on: code % 2 == 1 })
    }
}
