//! The crate's tests from the outside.

#[cfg(test)]
mod cases;
#[cfg(test)]
mod converting;
#[cfg(test)]
mod frames;
#[cfg(test)]
mod judging;
#[cfg(test)]
mod oracle;
#[cfg(test)]
mod reading;
#[cfg(test)]
mod round_trip;
#[cfg(test)]
mod streaming;
