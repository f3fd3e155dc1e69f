//! Repeatable chance: SplitMix64 (Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators, 2014).
//!
//! For the demo's traffic only; nothing secret comes from it.

use uuid::Uuid;

/// A source of numbers that its seed determines.
#[derive(Clone, Debug)]
pub(super) struct Dice(u64);

impl Dice {
    /// The same seed and stream give the same numbers.
    pub(super) fn new(seed: u32, stream: u32) -> Self {
        Self((u64::from(seed) << 32) | u64::from(stream))
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    /// From 0 to `below` - 1; 0 for 0. The bias is below 2^-32.
    pub(super) fn below(&mut self, below: u32) -> u32 {
        let high = (self.next() >> 32) * u64::from(below);
        u32::try_from(high >> 32).unwrap_or(0)
    }

    /// One of them; `None` where there is none.
    pub(super) fn one_of<'a, T>(&mut self, of: &'a [T]) -> Option<&'a T> {
        of.get(self.below(u32::try_from(of.len()).unwrap_or(u32::MAX)) as usize)
    }

    /// A version 4 key.
    pub(super) fn uuid(&mut self) -> Uuid {
        uuid::Builder::from_u128((u128::from(self.next()) << 64) | u128::from(self.next()))
            .with_version(uuid::Version::Random)
            .with_variant(uuid::Variant::RFC4122)
            .into_uuid()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dice_repeat_by_seed_and_stream_and_stay_in_bounds() {
        let roll = |seed, stream| {
            let mut dice = Dice::new(seed, stream);
            (0..100).map(|_| dice.below(6)).collect::<Vec<_>>()
        };
        assert_eq!(roll(1, 2), roll(1, 2));
        assert_ne!(roll(1, 2), roll(1, 3));
        assert_ne!(roll(1, 2), roll(2, 2));
        let seen: std::collections::BTreeSet<_> = roll(1, 2).into_iter().collect();
        assert_eq!(seen, (0..6).collect());
        assert_eq!(Dice::new(1, 1).one_of::<u8>(&[]), None);
        assert_eq!(Dice::new(1, 1).uuid().get_version_num(), 4);
    }
}
