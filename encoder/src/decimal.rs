//! Decimal numbers as values of columns: [`Decimal`], and the traits for types that convert into it.

use crate::error::Result;

/// The number `unscaled / 10^scale`. The column checks that it has at most 76 digits and a scale of at most 76.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, Decimal, ProtocolVersion};
///
/// let mut buffer = Buffer::new(ProtocolVersion::V3);
/// buffer.row("trades")?.column_decimal("price", Decimal::new(261_554, 2))?.at_now()?;
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Decimal {
    unscaled: i128,
    scale: u32,
}

impl Decimal {
    /// Creates the number `unscaled / 10^scale`.
    pub const fn new(unscaled: i128, scale: u32) -> Decimal {
        Decimal { unscaled, scale }
    }

    /// Returns the number without its decimal point.
    pub const fn unscaled(self) -> i128 {
        self.unscaled
    }

    /// Returns how many digits stand after the decimal point.
    pub const fn scale(self) -> u32 {
        self.scale
    }
}

/// What can be the value of a decimal column: [`Decimal`], with the cargo feature of this name `rust_decimal::Decimal`, and
/// any type of yours that implements this trait. For numbers that do not fit an `i128` there is
/// [`column_dec`](crate::Buffer::column_dec).
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Buffer, Decimal, ProtocolVersion, Result, ToDecimal};
///
/// /// An amount in cents.
/// struct Cents(i64);
///
/// impl ToDecimal for Cents {
///     fn to_decimal(&self) -> Result<Decimal> {
///         Ok(Decimal::new(self.0.into(), 2))
///     }
/// }
///
/// let mut buffer = Buffer::new(ProtocolVersion::V3);
/// buffer.row("sales")?.column_decimal("paid", Cents(1999))?.column_decimal("due", None::<Cents>)?.at_now()?;
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a decimal",
    note = "give `Decimal::new(unscaled, scale)`, or implement `ToDecimal` for your own type"
)]
pub trait ToDecimal {
    /// Returns the number.
    ///
    /// # Errors
    /// `InvalidDecimal` if the value is not exactly a [`Decimal`].
    fn to_decimal(&self) -> Result<Decimal>;
}

/// What a decimal column takes: a decimal, or an `Option` of one. `None` leaves the column out. To use a type of yours,
/// implement [`ToDecimal`]: this trait then comes with it.
///
/// ```
/// # use questdb_ingress_encoder as questdb_ingress;
/// use questdb_ingress::{Decimal, ToMaybeDecimal};
///
/// let price = Decimal::new(261_554, 2);
/// assert_eq!(Some(price).to_maybe_decimal()?, price.to_maybe_decimal()?);
/// # Ok::<(), questdb_ingress::Error>(())
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a decimal",
    note = "give `Decimal::new(unscaled, scale)`, or implement `ToDecimal` for your own type"
)]
pub trait ToMaybeDecimal {
    /// Returns the number, if there is one.
    ///
    /// # Errors
    /// As [`ToDecimal::to_decimal`].
    fn to_maybe_decimal(&self) -> Result<Option<Decimal>>;
}

impl<T: ToDecimal> ToMaybeDecimal for T {
    fn to_maybe_decimal(&self) -> Result<Option<Decimal>> {
        self.to_decimal().map(Some)
    }
}

impl<T: ToDecimal> ToMaybeDecimal for Option<T> {
    fn to_maybe_decimal(&self) -> Result<Option<Decimal>> {
        self.as_ref().map(T::to_decimal).transpose()
    }
}

impl<T: ToDecimal + ?Sized> ToDecimal for &T {
    fn to_decimal(&self) -> Result<Decimal> {
        (**self).to_decimal()
    }
}

impl ToDecimal for Decimal {
    fn to_decimal(&self) -> Result<Decimal> {
        Ok(*self)
    }
}

#[cfg(feature = "rust_decimal")]
impl From<rust_decimal::Decimal> for Decimal {
    fn from(number: rust_decimal::Decimal) -> Decimal {
        Decimal::new(number.mantissa(), number.scale())
    }
}

/// Always exact: such a number has at most 96 bits and 28 digits behind the point.
#[cfg(feature = "rust_decimal")]
impl ToDecimal for rust_decimal::Decimal {
    fn to_decimal(&self) -> Result<Decimal> {
        Ok((*self).into())
    }
}
