//! Statistics of evaluation: intervals; knows nothing of the product.
