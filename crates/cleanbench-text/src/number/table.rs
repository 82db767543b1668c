//! The units that are known, as data: symbols, names, what they measure, and factors to SI units.
//!
//! Factors are exact by definition (SI brochure, 9th edition; the international yard and pound agreement of
//! 1959), but for horsepower and psi; gallons are those of the United States, a year is the Julian one of 365.25 days,
//! and a month its twelfth.

/// Metre, kilogram, second, ampere, kelvin, mole, candela, bit, radian, in this order.
pub(super) type Dimension = [i8; 9];

/// A base unit: symbols, names, dimension, factor, and whether prefixes may stand before it.
pub(super) struct Base(
    pub(super) &'static [&'static str],
    pub(super) &'static [&'static str],
    pub(super) Dimension,
    pub(super) f64,
    pub(super) bool,
);

pub(super) const LENGTH: Dimension = [1, 0, 0, 0, 0, 0, 0, 0, 0];
pub(super) const AREA: Dimension = [2, 0, 0, 0, 0, 0, 0, 0, 0];
pub(super) const VOLUME: Dimension = [3, 0, 0, 0, 0, 0, 0, 0, 0];
pub(super) const MASS: Dimension = [0, 1, 0, 0, 0, 0, 0, 0, 0];
pub(super) const TIME: Dimension = [0, 0, 1, 0, 0, 0, 0, 0, 0];
pub(super) const RATE: Dimension = [0, 0, -1, 0, 0, 0, 0, 0, 0];
pub(super) const SPEED: Dimension = [1, 0, -1, 0, 0, 0, 0, 0, 0];
pub(super) const HEAT: Dimension = [0, 0, 0, 0, 1, 0, 0, 0, 0];
pub(super) const FORCE: Dimension = [1, 1, -2, 0, 0, 0, 0, 0, 0];
pub(super) const PRESSURE: Dimension = [-1, 1, -2, 0, 0, 0, 0, 0, 0];
pub(super) const ENERGY: Dimension = [2, 1, -2, 0, 0, 0, 0, 0, 0];
pub(super) const POWER: Dimension = [2, 1, -3, 0, 0, 0, 0, 0, 0];
pub(super) const DATA: Dimension = [0, 0, 0, 0, 0, 0, 0, 1, 0];
pub(super) const ANGLE: Dimension = [0, 0, 0, 0, 0, 0, 0, 0, 1];
pub(super) const NONE: Dimension = [0; 9];

pub(super) const BASES: &[Base] = &[
    Base(
        &["m", "米"],
        &["meter", "metre", "mètre", "metro", "metri"],
        LENGTH,
        1.0,
        true,
    ),
    Base(&["м"], &[], LENGTH, 1.0, false),
    Base(
        &["公里", "千米", "км"],
        &["kilomètre", "kilómetro", "quilômetro", "chilometri"],
        LENGTH,
        1e3,
        false,
    ),
    Base(&["厘米", "см"], &["centímetro"], LENGTH, 1e-2, false),
    Base(&["毫米", "мм"], &["milímetro"], LENGTH, 1e-3, false),
    Base(&["in"], &["inch", "inches", "zoll"], LENGTH, 0.0254, false),
    Base(&["ft"], &["foot", "feet"], LENGTH, 0.3048, false),
    Base(&["yd"], &["yard"], LENGTH, 0.9144, false),
    Base(
        &["mi"],
        &["mile", "meile", "meilen"],
        LENGTH,
        1609.344,
        false,
    ),
    Base(&["nmi"], &[], LENGTH, 1852.0, false),
    Base(&["Å"], &["angstrom"], LENGTH, 1e-10, false),
    Base(&["ha"], &["hectare", "hektar"], AREA, 1e4, false),
    Base(&[], &["acre"], AREA, 4_046.856_422_4, false),
    Base(
        &["l", "L", "升"],
        &["liter", "litre", "litro", "litri"],
        VOLUME,
        1e-3,
        true,
    ),
    Base(&["毫升"], &[], VOLUME, 1e-6, false),
    Base(&["gal"], &["gallon"], VOLUME, 3.785_411_784e-3, false),
    Base(
        &["g", "克"],
        &["gram", "gramme", "gramm", "gramo", "grama", "grammi"],
        MASS,
        1e-3,
        true,
    ),
    Base(&["公斤", "千克", "кг"], &["kilo"], MASS, 1.0, false),
    Base(&["t", "吨"], &["tonne"], MASS, 1e3, false),
    Base(&["lb", "lbs"], &["pound"], MASS, 0.453_592_37, false),
    Base(&["oz"], &["ounce"], MASS, 0.028_349_523_125, false),
    Base(
        &["s", "sec", "秒"],
        &[
            "second",
            "sekunde",
            "sekunden",
            "seconde",
            "segundo",
            "secondi",
            "секунд",
        ],
        TIME,
        1.0,
        true,
    ),
    Base(
        &["min", "分钟", "мин"],
        &["minute", "minuten", "minuto", "minuti", "minuut", "минут"],
        TIME,
        60.0,
        false,
    ),
    Base(
        &["h", "hr", "hrs", "小时", "小時", "時間", "시간", "ч"],
        &[
            "hour",
            "stunde",
            "stunden",
            "heure",
            "hora",
            "ore",
            "uur",
            "часа",
            "часов",
        ],
        TIME,
        3600.0,
        false,
    ),
    Base(
        &["d", "天", "日間"],
        &[
            "day", "tag", "tage", "tagen", "jour", "día", "dia", "giorni", "dagen", "дней",
        ],
        TIME,
        86_400.0,
        false,
    ),
    Base(
        &["周"],
        &[
            "week",
            "woche",
            "wochen",
            "semaine",
            "semana",
            "settimane",
            "weken",
            "недель",
        ],
        TIME,
        604_800.0,
        false,
    ),
    Base(
        &["个月", "個月"],
        &[
            "month", "monat", "monate", "monaten", "mois", "mes", "meses", "mesi",
        ],
        TIME,
        2_629_800.0,
        false,
    ),
    Base(
        &["yr", "yrs"],
        &["year", "jahr", "jahre", "jahren", "año", "année"],
        TIME,
        31_557_600.0,
        false,
    ),
    Base(&["Hz"], &["hertz"], RATE, 1.0, true),
    Base(&["kph", "kmh"], &[], SPEED, 1000.0 / 3600.0, false),
    Base(&["mph"], &[], SPEED, 0.447_04, false),
    Base(&["kn"], &["knot", "knoten"], SPEED, 1852.0 / 3600.0, false),
    Base(&["N"], &["newton"], FORCE, 1.0, true),
    Base(&["Pa"], &["pascal"], PRESSURE, 1.0, true),
    Base(&["bar"], &["bar"], PRESSURE, 1e5, true),
    Base(&["atm"], &["atmosphere"], PRESSURE, 101_325.0, false),
    Base(&["psi"], &[], PRESSURE, 6_894.757_293_168_36, false),
    Base(&["J"], &["joule"], ENERGY, 1.0, true),
    Base(&["Wh"], &[], ENERGY, 3600.0, true),
    Base(
        &["cal"],
        &["calorie", "kalorie", "kalorien"],
        ENERGY,
        4.184,
        true,
    ),
    Base(&["eV"], &["electronvolt"], ENERGY, 1.602_176_634e-19, true),
    Base(&["W"], &["watt"], POWER, 1.0, true),
    Base(
        &["hp"],
        &["horsepower"],
        POWER,
        745.699_871_582_270_2,
        false,
    ),
    Base(
        &["A"],
        &["amp", "ampere"],
        [0, 0, 0, 1, 0, 0, 0, 0, 0],
        1.0,
        true,
    ),
    Base(&["Ah"], &[], [0, 0, 1, 1, 0, 0, 0, 0, 0], 3600.0, true),
    Base(&["C"], &["coulomb"], [0, 0, 1, 1, 0, 0, 0, 0, 0], 1.0, true),
    Base(&["V"], &["volt"], [2, 1, -3, -1, 0, 0, 0, 0, 0], 1.0, true),
    Base(
        &["Ω", "Ω"],
        &["ohm"],
        [2, 1, -3, -2, 0, 0, 0, 0, 0],
        1.0,
        true,
    ),
    Base(&["F"], &["farad"], [-2, -1, 4, 2, 0, 0, 0, 0, 0], 1.0, true),
    Base(&["H"], &["henry"], [2, 1, -2, -2, 0, 0, 0, 0, 0], 1.0, true),
    Base(&["T"], &["tesla"], [0, 1, -2, -1, 0, 0, 0, 0, 0], 1.0, true),
    Base(&["K"], &["kelvin"], HEAT, 1.0, true),
    Base(
        &["mol"],
        &["mole", "mol"],
        [0, 0, 0, 0, 0, 1, 0, 0, 0],
        1.0,
        true,
    ),
    Base(
        &["cd"],
        &["candela"],
        [0, 0, 0, 0, 0, 0, 1, 0, 0],
        1.0,
        true,
    ),
    Base(&["b", "bit", "bits"], &["bit"], DATA, 1.0, true),
    Base(&["B", "字节"], &["byte"], DATA, 8.0, true),
    Base(&["rad"], &["radian"], ANGLE, 1.0, true),
    Base(
        &["°"],
        &["degree", "deg", "grad"],
        ANGLE,
        std::f64::consts::PI / 180.0,
        false,
    ),
    Base(&["%", "％"], &["percent", "prozent"], NONE, 0.01, false),
    Base(&["‰"], &["permille", "promille"], NONE, 0.001, false),
    Base(&["ppm"], &[], NONE, 1e-6, false),
];

/// Prefixes by symbol and name.
pub(super) const PREFIXES: &[(&str, &str, f64)] = &[
    ("P", "peta", 1e15),
    ("T", "tera", 1e12),
    ("G", "giga", 1e9),
    ("M", "mega", 1e6),
    ("k", "kilo", 1e3),
    ("h", "hecto", 1e2),
    ("d", "deci", 1e-1),
    ("c", "centi", 1e-2),
    ("c", "zenti", 1e-2),
    ("m", "milli", 1e-3),
    ("µ", "micro", 1e-6),
    ("μ", "mikro", 1e-6),
    ("u", "micro", 1e-6),
    ("n", "nano", 1e-9),
    ("p", "pico", 1e-12),
];

/// Binary prefixes, for bits and bytes.
pub(super) const BINARY: &[(&str, &str, f64)] = &[
    ("Ki", "kibi", 1024.0),
    ("Mi", "mebi", 1_048_576.0),
    ("Gi", "gibi", 1_073_741_824.0),
    ("Ti", "tebi", 1_099_511_627_776.0),
];

/// Currencies by sign or code, and by name. A sign that several use may be any of them.
pub(super) const MONEY: &[(&[&str], &[&str], u16, f64)] = &[
    (
        &["US$", "$", "USD"],
        &[
            "us dollars",
            "us dollar",
            "u.s. dollars",
            "dollars",
            "dollar",
        ],
        1,
        1.0,
    ),
    (&["¢"], &["cents", "cent"], 3, 0.01),
    (&["€", "EUR"], &["euros", "euro"], 2, 1.0),
    (&["£", "GBP"], &["pounds sterling"], 4, 1.0),
    (&["¥", "￥"], &[], 24, 1.0),
    (&["JPY", "円"], &["yen"], 8, 1.0),
    (&["CNY", "RMB", "元"], &["yuan", "renminbi"], 16, 1.0),
    (&["₹", "INR"], &["rupees", "rupee"], 32, 1.0),
    (&["₩", "KRW"], &["won"], 64, 1.0),
    (&["CHF"], &["swiss francs", "francs", "franken"], 128, 1.0),
];
