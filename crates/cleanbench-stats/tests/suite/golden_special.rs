//! Special functions against values from other programs.
//!
//! Invariant: as in [`crate::reference`].
//!
//! It refuses a row of the wrong width.

use crate::reference::{absolute, lines, relative, row};
use cleanbench_stats::beta::{beta_quantile, incomplete_beta};
use cleanbench_stats::gamma::ln_gamma;
use cleanbench_stats::normal_upper_tail;
use cleanbench_stats::student::{noncentral_upper_tail, student_quantile, student_upper_tail};

#[test]
fn gamma_functions() {
    for line in lines(include_str!("golden/ln_gamma.txt"), 15) {
        let [x, expected] = row(line);
        absolute(ln_gamma(x), expected, 1e-14 * expected.abs() + 1e-13, line);
    }
}

#[test]
fn normal_tails() {
    for line in lines(include_str!("golden/normal_upper_tail.txt"), 15) {
        let [z, expected] = row(line);
        relative(normal_upper_tail(z), expected, 1e-12, line);
    }
}

#[test]
fn incomplete_betas_and_their_inverse() {
    for line in lines(include_str!("golden/incomplete_beta.txt"), 15) {
        let [x, a, b, expected] = row(line);
        relative(incomplete_beta(x, a, b), expected, 1e-11, line);
    }
    for line in lines(include_str!("golden/beta_quantile.txt"), 15) {
        let [p, a, b, expected] = row(line);
        relative(beta_quantile(p, a, b), expected, 1e-11, line);
    }
}

#[test]
fn student_tails_and_quantiles() {
    for line in lines(include_str!("golden/student_upper_tail.txt"), 90) {
        let [t, degrees, expected] = row(line);
        relative(student_upper_tail(t, degrees), expected, 1e-10, line);
    }
    for line in lines(include_str!("golden/student_quantile.txt"), 80) {
        let [p, degrees, expected] = row(line);
        relative(student_quantile(p, degrees), expected, 1e-10, line);
    }
    for line in lines(include_str!("golden/noncentral_upper_tail.txt"), 12) {
        let [t, degrees, noncentrality, expected] = row(line);
        let found = noncentral_upper_tail(t, degrees, noncentrality);
        absolute(found, expected, 1e-10, line);
    }
}
