import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { ConfigError, formatProblem } from './errors.ts'
import { parseYaml } from './yaml-text.ts'

/** What a person sees, without the name of the file. */
function told(text: string): readonly string[] {
  try {
    parseYaml('f', text)
    return []
  } catch (error) {
    assert.ok(error instanceof ConfigError)
    return error.problems.flatMap((problem) =>
      formatProblem(problem).slice('f:'.length).split('\n'),
    )
  }
}

function firstLine(text: string): number | undefined {
  const [line] = told(text)
  assert.doesNotMatch(line ?? '', /is not valid YAML/)
  return line === undefined ? undefined : Number.parseInt(line, 10)
}

const table: readonly (readonly [what: string, text: string, told: readonly string[]])[] = [
  [
    'a value with ": "',
    'routes:\n  - from: a\n    name: prod: ssh\n    to: b\n',
    [
      '3:11: has ": " in a value, which begins another key there',
      '  hint: put the value in quotes: name: "prod: ssh"',
    ],
  ],
  [
    'a sentence with an address',
    'doc: see: https://x\nb: 1\n',
    [
      '1:6: has ": " in a value, which begins another key there',
      '  hint: put the value in quotes: doc: "see: https://x"',
    ],
  ],
  [
    'a "-" that is missing at a later item',
    'routes:\n  - from: a\n    to: b\n  from: c\n  to: d\n',
    [
      '4:3: has no "-" before it, and line 2 begins with one: a list needs it for each item',
      '  hint: write "- from: c"',
    ],
  ],
  [
    'a "-" that is missing at the first item',
    'routes:\n  from: a\n  to: b\n  - from: c\n    to: d\n',
    [
      '2:3: has no "-" before it, and line 4 goes on with one: a list needs it for each item',
      '  hint: write "- from: a"',
    ],
  ],
  [
    'a "-" without a space',
    'routes:\n  -from: a\n   to: b\n',
    ['2:3: has no space behind the "-"', '  hint: write "- from: a"'],
  ],
  [
    'a "-" that is missing before a plain value',
    'list:\n  - a\n  b\n  - c\n',
    [
      '3:3: has no "-" before it, and line 2 begins with one: a list needs it for each item',
      '  hint: write "- b"',
    ],
  ],
  [
    'a double quote that is open to the end',
    'a: "foo\nb: 1\nc: 2\n',
    ['1:4: opens a quote, ", that is never closed', '  hint: close it, as in "foo"'],
  ],
  [
    'a single quote that is open to the end',
    "a: 'foo\nb: 1\nc: 2\n",
    ["1:4: opens a quote, ', that is never closed", "  hint: close it, as in 'foo'"],
  ],
  [
    'a quote that another one seems to close',
    'a: "foo\nb: "x"\nc: 2\n',
    ['1:4: opens a quote, ", that is never closed', '  hint: close it, as in "foo"'],
  ],
  [
    'a quote that is open among routes',
    'routes:\n  - from: "tcp+https://a:22\n    to: tcp://b:22\n  - from: "tcp+https://c:22"\n    to: x\n',
    ['2:11: opens a quote, ", that is never closed', '  hint: close it, as in "tcp+https://a:22"'],
  ],
  [
    'text behind a quote',
    'a: "foo" bar\n',
    [
      '1:10: stands behind the " that closes the value',
      '  hint: write \\" for a quote between " and ", or take \' around the value',
    ],
  ],
  [
    'an apostrophe between single quotes',
    "a: it's\nb: 'it's'\nc: 1\n",
    [
      "2:8: stands behind the ' that closes the value",
      "  hint: write '' for an apostrophe between ' and ', or take \" around the value",
    ],
  ],
  ['a tab', 'a:\n\tb: 1\n', ['2:1: is indented with a tab: YAML takes spaces only']],
  [
    'a tab behind spaces',
    'a:\n  - b: 1\n  \tc: 1\n',
    ['3:3: is indented with a tab: YAML takes spaces only'],
  ],
  ['a key twice', 'a: 1\na: 2\n', ['2:1: "a" is given twice: the first one is on line 1']],
  [
    'a value that begins with "@"',
    'domain: @example.com\nb: 1\n',
    [
      '1:9: begins with "@", which a value may begin with only in quotes',
      '  hint: put it in quotes: "@example.com"',
    ],
  ],
  [
    'the same in brackets',
    'l: [@example.com]\n',
    [
      '1:5: begins with "@", which a value may begin with only in quotes',
      '  hint: put it in quotes: "@example.com"',
    ],
  ],
  [
    '"%"',
    'a: %x\n',
    [
      '1:4: begins with "%", which a value may begin with only in quotes',
      '  hint: put it in quotes: "%x"',
    ],
  ],
  [
    '"*" before a name',
    'domain: *.example.com\n',
    [
      '1:9: unknown alias "*.example.com"',
      '  hint: if the text itself is meant, put it in quotes: "*.example.com"',
    ],
  ],
  [
    '"*" alone',
    'a: *\n',
    [
      '1:4: begins with "*", which stands for another value in YAML',
      '  hint: put it in quotes: "*"',
    ],
  ],
  [
    '"&"',
    'pw: &secret\n',
    [
      '1:5: "&secret" names a value, and there is none',
      '  hint: if the text itself is meant, put it in quotes: "&secret"',
    ],
  ],
  [
    '"`"',
    'a: `x`\n',
    [
      '1:4: begins with "`", which a value may begin with only in quotes',
      '  hint: put it in quotes: "`x`"',
    ],
  ],
  [
    '"!"',
    'a: !x y\n',
    [
      '1:4: begins with "!", which is the tag of a value in YAML, and there are none here',
      '  hint: put it in quotes: "!x y"',
    ],
  ],
  [
    '"|"',
    'a: |x y\n',
    [
      '1:4: begins with "|", which announces lines of text in YAML',
      '  hint: put it in quotes: "|x y"',
    ],
  ],
  [
    '">"',
    'a: >x\n',
    [
      '1:4: begins with ">", which announces lines of text in YAML',
      '  hint: put it in quotes: ">x"',
    ],
  ],
  [
    'a brace that is open',
    'a: {b: 1\nc: 2\n',
    [
      '1:4: opens "{", which is never closed',
      '  hint: add the "}"; lines up to it must be indented further than the key',
    ],
  ],
  [
    'a bracket that is open',
    'a: [b, c\nd: 2\n',
    [
      '1:4: opens "[", which is never closed',
      '  hint: add the "]"; lines up to it must be indented further than the key',
    ],
  ],
  ['a bracket too many', 'a: [b, c]]\n', ['1:10: has a "]" that closes nothing']],
  [
    'a ":" without a space',
    'a:1\nb: 2\n',
    ['1:2: has no space behind the ":"', '  hint: write "a: 1"'],
  ],
  [
    'the same in an item',
    'routes:\n  - from:tcp\n    to: b\n',
    ['2:9: has no space behind the ":"', '  hint: write "from: tcp"'],
  ],
  [
    'a line that is indented too far',
    'a: 1\n  b: 2\n',
    [
      '2:3: is indented further than "a" before it, which has a value already',
      '  hint: indent it as "a" is',
    ],
  ],
  [
    'a line between two depths',
    'routes:\n  - from: a\n   to: b\n',
    [
      '3:4: is indented by 3, and line 2 beside it by 4',
      '  hint: indent it by 4 spaces, or as far as the key it belongs to',
    ],
  ],
  [
    'a key behind its item',
    'routes:\n  - from: a\n     to: b\n',
    [
      '3:6: is indented further than "from" before it, which has a value already',
      '  hint: indent it as "from" is',
    ],
  ],
  [
    'a key before the others',
    'a:\n    b: 1\n  c: 2\n',
    [
      '3:3: is indented by 2, and line 2 beside it by 4',
      '  hint: indent it by 4 spaces, or as far as the key it belongs to',
    ],
  ],
  [
    'a list under a value',
    'routes: x\n  - from: a\n',
    [
      '2:3: is indented further than "routes" before it, which has a value already',
      '  hint: leave the value of "routes" away, or indent this as "routes" is',
    ],
  ],
  [
    'a line without a key',
    'a: 1\nhello\nb: 2\n',
    [
      '2:1: is neither a key with a ":" nor an item with a "-"',
      '  hint: write "hello: …", or put it on the line of the value it belongs to',
    ],
  ],
  [
    'several words without a key',
    'a: 1\nhello world\n',
    ['2:1: is neither a key with a ":" nor an item with a "-"', '  hint: write hello: world'],
  ],
  [
    '"%" at the beginning',
    '%foo\na: 1\n',
    ['1:1: begins with "%", which is a directive in YAML', '  hint: put it in quotes: "%foo"'],
  ],
  ['a second document', 'a: 1\n---\nb: 1\n', ['2:1: starts a second document: one is expected']],
  [
    'a path of Windows between double quotes',
    'path: "C:\\Users\\x"\n',
    [
      '1:10: has "\\U", which means nothing between " and "',
      "  hint: take ' around the value, where a backslash is one, or write \\\\",
    ],
  ],
  [
    'lines that end as on Windows',
    'a: "x\r\nb: 1\r\n',
    ['1:4: opens a quote, ", that is never closed', '  hint: close it, as in "x"'],
  ],
  [
    'a list on the line of its key',
    'a: - b: 1\n    c: 2\n',
    [
      '1:4: begins a list on the line of its key',
      '  hint: begin it on the next line, or write it in brackets: [a, b]',
    ],
  ],
  [
    'a block of text that ends askew',
    'a: |\n  x\n y\n',
    [
      '3:2: is indented by 1, and line 2 beside it by 2',
      '  hint: indent it by 2 spaces, or as far as the key it belongs to',
    ],
  ],
  [
    'a quote within brackets',
    'l: ["a, b]\nc: 1\n',
    ['1:5: opens a quote, ", that is never closed', '  hint: close it, as in "a, b]"'],
  ],
  [
    'braces around lines that are not indented',
    'x:\n  a: {\n  b: 1\n  }\n',
    [
      '2:6: opens "{", which is never closed',
      '  hint: add the "}"; lines up to it must be indented further than the key',
    ],
  ],
  [
    'a policy with "@"',
    'routes:\n  - from: tcp+https://a:22\n    to: tcp://b:22\n    policy:\n      - allow:\n          or:\n            - domain:\n              is: x\n            - email: @y\n',
    [
      '9:22: begins with "@", which a value may begin with only in quotes',
      '  hint: put it in quotes: "@y"',
    ],
  ],
  [
    'a policy without a "-"',
    'routes:\n  - from: tcp+https://a:22\n    to: tcp://b:22\n    policy:\n      allow:\n        or:\n          domain: x\n          - email: y\n  - from: c\n    to: d\n',
    [
      '7:11: has no "-" before it, and line 8 goes on with one: a list needs it for each item',
      '  hint: write "- domain: x"',
    ],
  ],
  [
    'a whole file with an open quote',
    'address: :443\nroutes:\n  - from: "tcp+https://a:22\n    to: tcp://b:22\n    policy:\n      - allow: {or: [{domain: x}]}\n  - from: c\n    to: d\n',
    ['3:11: opens a quote, ", that is never closed', '  hint: close it, as in "tcp+https://a:22"'],
  ],
  [
    'a brace that closes too far left',
    'x:\n  a: {\n    b: 1\n}\nc: 1\n',
    [
      '2:6: opens "{", which is never closed',
      '  hint: add the "}"; lines up to it must be indented further than the key',
    ],
  ],
  [
    'a template',
    'a: {{ .Values.x }}\n',
    ['1:5: a key must be text', '  hint: where "{{" begins a text, put all of it in quotes'],
  ],
  [
    'a path with ": "',
    'path: C:\\x: y\n',
    [
      '1:7: has ": " in a value, which begins another key there',
      "  hint: put the value in quotes: path: 'C:\\x: y'",
    ],
  ],
  [
    'an item further left than those before it',
    'routes:\n  - from: a\n    to: b\n- from: c\n  to: d\n',
    ['4:1: is indented by 0, and the items before it by 2', '  hint: indent it by 2 spaces'],
  ],
  [
    'an item at the depth of the keys before it',
    'routes:\n  - from: a\n    to: b\n    - from: c\n      to: d\n',
    ['4:5: is indented by 4, and the items before it by 2', '  hint: indent it by 2 spaces'],
  ],
  [
    'an item further right than the only key of the one before it',
    'l:\n  - a: 1\n    - b: 2\n',
    ['3:5: is indented by 4, and the items before it by 2', '  hint: indent it by 2 spaces'],
  ],
  [
    'a list whose first item has lost its "-"',
    'l:\n    a: 1\n    b: 2\n  - a: 3\n',
    [
      '2:5: has no "-" before it, and line 4 goes on with one: a list needs it for each item',
      '  hint: write "- a: 1"',
    ],
  ],
  [
    'an item among keys',
    'a: 1\n- b\n',
    [
      '2:1: is an item of a list ("-") among keys',
      '  hint: indent it below the key that it belongs to',
    ],
  ],
  [
    'a key that has lost its ":"',
    'a: 1\nroutes\n- b: 1\n',
    [
      '2:1: is neither a key with a ":" nor an item with a "-"',
      '  hint: write "routes: …", or put it on the line of the value it belongs to',
    ],
  ],
  [
    'a key that has lost its ":" before a quote',
    'a: 1\nb "x"\nc: 2\n',
    ['2:1: is neither a key with a ":" nor an item with a "-"', '  hint: write b: "x"'],
  ],
  [
    'a value with ": " in brackets',
    'l: {a: x: y, b: 1}\n',
    [
      '1:8: has ": " in a value, which begins another key there',
      '  hint: put the value in quotes: a: "x: y"',
    ],
  ],
  [
    'a key behind a value in brackets, too far right',
    'l:\n  a: [1]\n   b: 2\n',
    [
      '3:4: is indented further than "a" before it, which has a value already',
      '  hint: indent it as "a" is',
    ],
  ],
]

/** A whole one, for slips at every line of it. */
const whole = `address: :443
authenticate_service_url: https://access.example.com
routes:
  - name: ssh
    from: tcp+https://ssh.example.com:22
    to: tcp://ssh.internal:22
    policy:
      - allow:
          and:
            - domain:
                is: example.com
            - groups: dba
      - deny:
          or:
            - email: mallory@example.com
  - name: db
    from: tcp+https://db.example.com:5432
    to: [tcp://db1.internal:5432, tcp://db2.internal:5432]
    allowed_users: [ann@example.com]
log_level: info
`

/** What people get wrong in one line, where that can be got wrong. */
const slips: Readonly<Record<string, readonly [at: RegExp, to: string]>> = {
  'a ":" is missing': [/:( |$)/, '$1'],
  'a space is missing behind ":"': [/: (?=\S)/, ':'],
  'a double quote stays open': [/: (?=[\w:])/, ': "'],
  'a single quote stays open': [/: (?=[\w:])/, ": '"],
  'a ": " is in the value': [/: (?=\w)/, ': x: '],
  'a "@" begins the value': [/: (?=\w)/, ': @'],
  'a "]" is missing': [/\]$/, ''],
  'a tab indents it': [/^ {2}(?=\s*\S)/, '\t'],
}

describe('a text that is no YAML is told in plain words where it begins:', () => {
  for (const [what, text, words] of table)
    test(what, () => {
      assert.deepEqual(told(text), words)
    })

  for (const [what, [at, to]] of Object.entries(slips))
    test(`${what}, on whichever line, there or on the next one`, () => {
      const lines = whole.split('\n')
      let told = 0
      for (const [index, line] of lines.entries()) {
        const broken = lines.with(index, line.replace(at, to)).join('\n')
        const found = firstLine(broken)
        if (found === undefined) continue
        told += 1
        const isNear = found === index + 1 || found === index + 2
        assert.ok(isNear, `line ${index + 1}, told at ${found}: ${line}`)
      }
      assert.ok(told > 0)
    })

  test('two faults far from each other, both', () => {
    const text = 'a: @x\nb: 1\nc: "y\nd: 2\ne: {f: 1\n'
    assert.deepEqual(
      told(text).filter((line) => !line.startsWith('  ')),
      [
        '1:4: begins with "@", which a value may begin with only in quotes',
        '3:4: opens a quote, ", that is never closed',
      ],
    )
  })

  test('the first ten of many, soon', { timeout: 60_000 }, () => {
    assert.equal(told('a: @x\n'.repeat(10_000)).length, 20)
    const astray = Array.from({ length: 10_000 }, (_, line) => `${' '.repeat(line % 7)}- a: b: "c`)
    assert.notDeepEqual(told(astray.join('\n')), [])
  })
})
