//! Queries as models write them, and what they may not do.

use serde_json::{Value, json};

use crate::testing::Expect::{self, Nothing, Right, Wrong};
use crate::testing::{check, faulty, refused, sample, spec};

const FIXTURE: &str = "
    create table tickets (id integer primary key, queue text, hours real, opened text);
    insert into tickets values
        (1, 'billing', 1.5, '2026-01-03'), (2, 'network', 0.1, '2026-01-04'),
        (3, 'billing', 0.2, '2026-02-01'), (4, 'Störung', null, '2026-02-02');";

fn case(reference: &str, text: &str, expect: Expect) {
    let spec = spec("sql", json!({"fixture": FIXTURE}));
    check(&spec, &sample(json!(reference), &[]), text, expect);
}

#[test]
fn equal_results() {
    let count = "select queue, count(*) from tickets group by queue;";
    let other = "SELECT queue AS q, sum(1.0) FROM tickets GROUP BY 1 ORDER BY 2 DESC";
    case(count, other, Right(other));
    case(
        count,
        &format!("Use this:\n```sql\n{other};\n```\nIt groups."),
        Right(other),
    );
    case(count, &format!("Here it is:\n{other}"), Right(other));
    case(
        count,
        "select queue, 1 from tickets",
        Wrong("select queue, 1 from tickets"),
    );
    let sum = "select sum(hours) from tickets where queue = 'billing' or id = 2";
    case(
        sum,
        "select 1.5 + 0.1 + 0.2",
        Right("select 1.5 + 0.1 + 0.2"),
    );
    case(
        "select null",
        "select hours from tickets where id = 4",
        Right("select hours from tickets where id = 4"),
    );
    case("select 1", "select '1'", Wrong("select '1'"));
    case("select 1, 2", "select 2, 1", Wrong("select 2, 1"));
    case(
        "select queue from tickets where id = 4",
        "select 'Störung'",
        Right("select 'Störung'"),
    );
    let month = "select strftime('%m', opened) from tickets where id = 1";
    case(month, "select '01'", Right("select '01'"));
    let none = "select 1 where 0";
    case(none, "select 2 where 0", Right("select 2 where 0"));
    case(none, "select nothing", Wrong("select nothing"));
    case(none, "selct 1", Nothing("no query"));
    case(none, "I cannot say.", Nothing("no query"));
    case(none, "", Nothing("empty completion"));
}

#[test]
fn order_counts_where_the_reference_orders() {
    let (up, down) = (
        "select id from tickets order by id",
        "select id from tickets order by id desc",
    );
    case(up, down, Wrong(down));
    case("select id from tickets", down, Right(down));
    let with = |order: &str| spec("sql", json!({"fixture": FIXTURE, "order": order}));
    check(&with("never"), &sample(json!(up), &[]), down, Right(down));
    let bare = "select id from (select id from tickets order by id)";
    check(
        &with("always"),
        &sample(json!(bare), &[]),
        down,
        Wrong(down),
    );
}

#[test]
fn what_a_query_may_not_do() {
    let denied = "the query does what it may not";
    for (sql, reason) in [
        ("with a as (select 1) delete from tickets", denied),
        (
            "with a as (select 1) insert into tickets select 9, 'x', 1, ''",
            denied,
        ),
        ("select random()", denied),
        ("select hex(RANDOMBLOB(4))", denied),
        ("select load_extension('x')", denied),
        ("select * from pragma_table_info('tickets')", denied),
        (
            "with recursive a(n) as (select 1 union all select n + 1 from a) select max(n) from a",
            "the query takes too many steps",
        ),
        (
            "with recursive a(n) as (select 1 union all select n + 1 from a limit 20000) select n from a",
            "the query gives too many rows",
        ),
        (
            "select zeroblob(900000000)",
            "the query takes too much memory",
        ),
        (
            "select printf('%.*c', 500000000, 'x')",
            "the query takes too much memory",
        ),
    ] {
        case("select 1", sql, Nothing(reason));
    }
    for sql in [
        "```sql\nattach 'x.db' as x\n```",
        "```sql\ndrop table tickets\n```",
        "```\npragma user_version\n```",
    ] {
        case("select 1", sql, Nothing(denied));
    }
    let vacuum = "```\nvacuum into 'x.db'\n```";
    case("select 1", vacuum, Nothing("the query gives no rows"));
    // A second statement is no query.
    let two = "select 1; select 1";
    case("select 1", two, Wrong(two));
    case("select 1", "select 1; drop table tickets", Nothing(denied));
    let deep = format!("select {}1{}", "(".repeat(5_000), ")".repeat(5_000));
    let spec = spec("sql", json!({"fixture": FIXTURE}));
    let scorer = crate::build(&spec).unwrap();
    let score = scorer.score(
        &sample(json!("select 1"), &[]),
        &crate::testing::completion(&deep),
    );
    assert!(score.value < 1.0, "{score:?}");
}

#[test]
fn the_clock_stands_still() {
    for (asks, answer) in [
        ("select date('now')", "select '2026-01-01'"),
        (
            "select datetime('NOW', 'localtime', '+1 day')",
            "select '2026-01-02 00:00:00'",
        ),
        ("select date('n' || 'ow')", "select '2026-01-01'"),
        ("select datetime()", "select '2026-01-01 00:00:00'"),
        ("select current_timestamp", "select '2026-01-01 00:00:00'"),
        ("select strftime('%Y')", "select '2026'"),
        ("select time('subsec')", "select '00:00:00.000'"),
        ("select unixepoch()", "select 1767225600"),
        ("select date('2025-12-31', '+1 day')", "select '2026-01-01'"),
        (
            "select timediff('now', '2025-12-31')",
            "select '+0000-00-01 00:00:00.000'",
        ),
    ] {
        case(asks, answer, Right(answer));
    }
}

#[test]
fn functions_are_the_library_s_own() {
    for (asks, answer) in [
        ("select instr('Störung', 'r')", "select 4"),
        (
            "select instr(x'0102', x'02'), instr(123, 3), instr(null, 1)",
            "select 2, 3, null",
        ),
        ("select replace('aXa', 'X', 1.5)", "select 'a1.5a'"),
        (
            "select 'A_b' like 'a#_B' escape '#', 'Ab' glob 'a*'",
            "select 1, 0",
        ),
        (
            "select trim('xxaxx', 'x'), ltrim(' a'), rtrim('ab', 'b')",
            "select 'a', 'a', 'a'",
        ),
        (
            "select json_array(json_patch('{\"a\":1}', '{\"b\":2}'))",
            "select '[{\"a\":1,\"b\":2}]'",
        ),
    ] {
        case(asks, answer, Right(answer));
    }
}

#[test]
fn work_within_functions_is_bounded() {
    const BIG: &str = "with recursive n(i) as (select 1 union all select i + 1 from n limit 100000), \
                       b(x) as (select replace(hex(zeroblob(250000)), '00', 'ab'))";
    let steps = "the query takes too many steps";
    for body in [
        "select max(instr(x, substr(x, 2) || 'c')) from b, n",
        "select count(*) from b, n where x like '%a%b%c%d%e%f%' || i",
        "select sum(length(replace(x, substr(x, 1, 5000) || i, ''))) from b, n",
        "select sum(length(hex(x))) from b, n",
        "select sum(length(trim(x, 'ab' || i))) from b, n",
        "select sum(length(printf('%s%d', x, i))) from b, n",
        "select count(*) from n as a, n as b, n as c",
    ] {
        case("select 1", &format!("{BIG} {body}"), Nothing(steps));
    }
}

#[test]
fn a_fixture_of_each_sample() {
    let spec = spec("sql", json!({"fixture_field": "tables"}));
    let mut own = sample(json!("select n from t"), &[]);
    refused(&spec, &own, "no text in `tables`");
    own.metadata.insert(
        "tables".to_owned(),
        Value::from("create table t as select 3 as n"),
    );
    check(&spec, &own, "select 3", Right("select 3"));
}

#[test]
fn samples_and_parameters_that_are_refused() {
    let plain = spec("sql", json!({"fixture": FIXTURE}));
    refused(&plain, &sample(json!(null), &[]), "no target");
    refused(&plain, &sample(json!(3), &[]), "must be a query");
    refused(
        &plain,
        &sample(json!("select x from tickets"), &[]),
        "query fails",
    );
    refused(&plain, &sample(json!("select random()"), &[]), "is refused");
    faulty(&spec("sql", json!({})), "fixture", "fixture_field");
    faulty(
        &spec("sql", json!({"fixture": "create tabel t"})),
        "fixture",
        "syntax error",
    );
    faulty(
        &spec("sql", json!({"fixture": "attach 'x.db' as x"})),
        "fixture",
        "fails",
    );
    faulty(
        &spec(
            "sql",
            json!({"fixture": "create table t as select random()"}),
        ),
        "fixture",
        "fails",
    );
}
