//! Dated prices; usage to money.
