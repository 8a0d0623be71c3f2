//! `dataframe`: whole tables of pandas, polars and Arrow as rows. Not yet there.
