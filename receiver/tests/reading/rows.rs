//! What the tests of reading store, in the receiver and in QuestDB, before they send their statements.

/// A table that must be made by hand, because rows make no decimals.
pub(super) const CREATE: &str = "create table dct (x symbol, dc decimal(12,2), timestamp timestamp) \
                          timestamp(timestamp) partition by day wal";

/// The bodies of requests to `/write`, one after the other.
pub(super) fn bodies() -> Vec<Vec<u8>> {
    let mut first = Vec::new();
    let text = "every,sym=a\"\\ b l=1i,d=1.5,s=\"he said \\\"hi\\\", é\\\n\u{1}\u{7f}/ \t\\\\ 🙂\",b=t,\
                t=1000000t,tn=1000000001n,l256=0x12abi,";
    first.extend_from_slice(text.as_bytes());
    array(&mut first, "ar", &[2], &[1.0, -0.5]);
    first.push(b',');
    array(&mut first, "ar2", &[2, 2], &[1.0, f64::NAN, 1e300, f64::INFINITY]);
    first.extend_from_slice(b" 3000000000000000\n");
    first.extend_from_slice(
        b"every,sym=b l=-9223372036854775807i,d=NaN,s=\"\",b=f 1000000000000000\n\
          every d=100000000.0 2000000000000000\n",
    );
    let doubles = "0.0 -0.0 1e300 1e-300 123456789012345680.0 0.1 1e7 12345678.9 1e-3 0.001234 1e-4 1e16 1e15 \
                   123456.789e3 2.5e-5 Infinity -Infinity 1e21 9999999.999 10000000.1 3.4028235e38 4.9e-324 \
                   1.7976931348623157e308 100.0 1e23 2e-3 1.0E10";
    for (i, double) in doubles.split(' ').enumerate() {
        first.extend_from_slice(format!("dbl d={double},k={i}i {}000000000\n", i + 1).as_bytes());
    }
    // A decimal of two's complement: 12345 with scale 2.
    first.extend_from_slice(b"dct,x=1 dc==\x17\x02\x02\x30\x39 1000\nnn l=1i 1000000001n\n");
    let mut intervals = String::new();
    for hour in [0, 12, 23] {
        for day in 0..5 {
            let second = 1_577_836_800 + day * 86_400 + hour * 3600 + 1800;
            intervals.push_str(&format!("iv a=1i {second}000000000\n"));
        }
    }
    intervals.push_str("iv a=2i 1577923200000000000\niv a=2i 1580601600000000000\n");
    vec![
        first,
        intervals.into_bytes(),
        b"lt a=1i 3000\nlt a=2i 1000\nlt a=3i 1000\nlt a=4i 3000\n".to_vec(),
        b"lt a=5i 2000\nlt a=6i 1000\n".to_vec(),
    ]
}

fn array(out: &mut Vec<u8>, name: &str, shape: &[u32], values: &[f64]) {
    out.extend_from_slice(format!("{name}==\u{e}\n{}", shape.len() as u8 as char).as_bytes());
    shape.iter().for_each(|n| out.extend_from_slice(&n.to_le_bytes()));
    values.iter().for_each(|v| out.extend_from_slice(&v.to_le_bytes()));
}
