use std::net::TcpStream;
use std::time::Duration;

use super::*;
use crate::{ErrorKind, Receiver};

/// Returns the table that these lines make.
fn table(create: &[(&str, ColumnType)], lines: &[u8], rows: usize) -> Arc<Table> {
    let receiver = Receiver::builder().start().unwrap();
    if !create.is_empty() {
        receiver.create_table("t", create).unwrap();
    }
    let mut socket = TcpStream::connect(receiver.tcp_addr()).unwrap();
    std::io::Write::write_all(&mut socket, lines).unwrap();
    drop(socket);
    receiver.wait_for_rows("t", rows, Duration::from_secs(20)).unwrap()
}

fn batch(table: &Arc<Table>) -> (ArrowType, ArrowColumn) {
    let mut rows = ArrowRows::new(Arc::clone(table)).unwrap();
    let batch = rows.next_batch().unwrap().unwrap();
    assert!(rows.next_batch().unwrap().is_none());
    (rows.schema().clone(), batch)
}

fn ints(column: &ArrowColumn, at: usize) -> &[i32] {
    match &column.buffers[at] {
        Some(ArrowBuffer::Ints(v)) => v,
        other => panic!("{other:?}"),
    }
}

fn bytes(column: &ArrowColumn, at: usize) -> &[u8] {
    match &column.buffers[at] {
        Some(ArrowBuffer::Bytes(v)) => v,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_type_becomes_buffers() {
    let lines = b"t,s=x a=1i,b=0.5,c=\"\xc3\xa4b\",d=t,e=10t,f=0x1ffi 1\n\
                  t,s=y b=1.5,c=\"c\",d=f 2000000000000\n\
                  t,s=x a=-2i,b=2.5,d=t 3000000000000\n";
    let (schema, batch) = batch(&table(&[], lines, 3));
    let formats: Vec<_> =
        schema.children.iter().map(|c| (c.name.as_str(), c.format.as_str())).collect();
    let expected = [
        ("s", "i"),
        ("a", "l"),
        ("b", "g"),
        ("c", "u"),
        ("d", "b"),
        ("e", "tsu:UTC"),
        ("f", "w:32"),
        ("timestamp", "tsu:UTC"),
    ];
    assert_eq!(formats, expected);
    assert_eq!((schema.format.as_str(), batch.rows, batch.nulls), ("+s", 3, 0));
    let [s, a, b, c, d, e, f, at] = &batch.children[..] else { panic!("{batch:?}") };
    assert_eq!((ints(s, 1), s.nulls, s.buffers[0].is_none()), (&[0, 1, 0][..], 0, true));
    let words = s.dictionary.as_ref().unwrap();
    assert_eq!((words.rows, ints(words, 1), bytes(words, 2)), (2, &[0, 1, 2][..], &b"xy"[..]));
    assert!(matches!(&a.buffers[1], Some(ArrowBuffer::Longs(v)) if *v == [1, 0, -2]));
    assert_eq!((a.nulls, bytes(a, 0)), (1, &[0b101][..]));
    assert!(matches!(&b.buffers[1], Some(ArrowBuffer::Doubles(v)) if *v == [0.5, 1.5, 2.5]));
    assert_eq!((ints(c, 1), bytes(c, 2), c.nulls), (&[0, 3, 4, 4][..], "äbc".as_bytes(), 1));
    assert_eq!((bytes(d, 1), d.nulls), (&[0b101][..], 0));
    assert_eq!((e.nulls, bytes(e, 0)), (2, &[1][..]));
    assert_eq!((f.nulls, bytes(f, 1).len()), (2, 96));
    assert_eq!(bytes(f, 1)[..3], [0xff, 1, 0]);
    assert!(matches!(&at.buffers[1], Some(ArrowBuffer::Longs(v)) if v[1] == 2_000_000_000));
}

/// Returns a line with an array in binary form.
fn array(shape: &[u32], data: &[f64]) -> Vec<u8> {
    let mut line = b"t a==\x0e\x0a".to_vec();
    line.push(u8::try_from(shape.len()).unwrap());
    shape.iter().for_each(|n| line.extend_from_slice(&n.to_le_bytes()));
    data.iter().for_each(|v| line.extend_from_slice(&v.to_le_bytes()));
    line.extend_from_slice(b" 1000\n");
    line
}

#[test]
fn arrays_become_nested_lists() {
    let lines = [
        array(&[2, 1], &[1.0, 2.0]),
        b"t b=1i 2000\n".to_vec(),
        array(&[0, 1], &[]),
        array(&[1, 3], &[3.0, 4.0, 5.0]),
    ];
    let table = table(&[], &lines.concat(), 4);
    let (schema, batch) = batch(&table);
    let list = &schema.children[0];
    assert_eq!((list.name.as_str(), list.format.as_str()), ("a", "+l"));
    assert_eq!(list.children[0].format, "+l");
    assert_eq!(list.children[0].children[0].format, "g");
    let outer = &batch.children[0];
    assert_eq!((outer.rows, outer.nulls, ints(outer, 1)), (4, 1, &[0, 2, 2, 2, 3][..]));
    assert_eq!(bytes(outer, 0), [0b1101]);
    let inner = &outer.children[0];
    assert_eq!((inner.rows, ints(inner, 1)), (3, &[0, 1, 2, 5][..]));
    assert_eq!(inner.children[0].rows, 5);
    let json = table.to_json();
    assert!(json.contains("\"a\":[[1.0],[2.0]]") && json.contains("\"a\":[]"), "{json}");
}

#[test]
fn decimals_get_places_for_all_of_them() {
    let create = [("d", ColumnType::Decimal)];
    let of = |values: &[&str]| {
        let lines: String =
            values.iter().enumerate().map(|(i, v)| format!("t d={v}d {i}000\n")).collect();
        table(&create, lines.as_bytes(), values.len())
    };
    let (schema, rows) = batch(&of(&["1.5", "-0.025", "7"]));
    assert_eq!(schema.children[0].format, "d:38,3");
    let wide = |column: &ArrowColumn| match &column.buffers[1] {
        Some(ArrowBuffer::Wide(v)) => v.clone(),
        other => panic!("{other:?}"),
    };
    assert_eq!(wide(&rows.children[0]), [1500, -25, 7000]);
    let large = "9".repeat(40);
    let (schema, rows) = batch(&of(&[&large, "-1"]));
    assert_eq!(schema.children[0].format, "d:76,0,256");
    let units = wide(&rows.children[0]);
    assert_eq!(units[2..], [-1, -1]);
    let carry = 10_u128.pow(38);
    let low = carry.wrapping_mul(100).wrapping_sub(1).cast_signed();
    assert_eq!(units[0], low);
    let apart = of(&[&"9".repeat(76), "0.1"]);
    let error = ArrowRows::new(apart).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidArgument);
    assert!(error.to_string().contains("76 digits before the point and 1 after"), "{error}");
    // A column without any value has a type as well.
    let (schema, _) = batch(&table(&create, b"t x=1i 1\n", 1));
    assert_eq!(schema.children[0].format, "d:38,0");
}

#[test]
fn a_table_without_rows_has_columns_and_no_batch() {
    let receiver = Receiver::builder().start().unwrap();
    receiver.create_table("t", &[("x", ColumnType::Array(1))]).unwrap();
    let mut rows = ArrowRows::new(receiver.table("t").unwrap()).unwrap();
    assert_eq!(rows.schema().children.len(), 2);
    assert!(rows.next_batch().unwrap().is_none());
}
