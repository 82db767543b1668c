//! Task loader: files to a validated suite, with diagnostics at file:line:column.
