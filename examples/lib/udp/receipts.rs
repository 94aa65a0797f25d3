//! When the latest inputs were received, to time from receipt to event.

use std::collections::VecDeque;

/// So many batches are remembered: more than are between dispatcher and sink at any time. An event
/// on an input before these is not timed.
const RECEIPTS_MAX: usize = 4_096;

struct Receipt {
    first: u64,
    inputs: u64,
    received_ns: u64,
}

/// The receipts, in the order of the inputs' numbers.
#[derive(Default)]
pub struct Receipts(VecDeque<Receipt>);

impl Receipts {
    /// Takes note of inputs that got these numbers.
    pub fn push(&mut self, first: u64, inputs: usize, received_ns: u64) {
        if self.0.len() == RECEIPTS_MAX {
            self.0.pop_front();
        }
        self.0.push_back(Receipt { first, inputs: inputs as u64, received_ns });
    }

    /// When the input with this number was received.
    pub fn of(&self, input: u64) -> Option<u64> {
        let after = self.0.partition_point(|receipt| receipt.first <= input);
        let receipt = self.0.get(after.checked_sub(1)?)?;
        (input - receipt.first < receipt.inputs).then_some(receipt.received_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_found_by_its_number_and_old_ones_are_forgotten() {
        let mut receipts = Receipts::default();
        assert_eq!(receipts.of(1), None);
        receipts.push(1, 3, 50);
        receipts.push(10, 2, 60);
        let found: Vec<_> = [0, 1, 3, 4, 9, 10, 11, 12].map(|n| receipts.of(n)).to_vec();
        let (a, b) = (Some(50), Some(60));
        assert_eq!(found, [None, a, a, None, None, b, b, None]);
        (0..RECEIPTS_MAX as u64).for_each(|n| receipts.push(100 + n, 1, n));
        assert_eq!((receipts.of(10), receipts.of(100)), (None, Some(0)));
    }
}
