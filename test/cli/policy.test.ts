// "postern policy" by a configuration file alone, as in CI. By a running gateway: src/gateway/run.test.ts.
import assert from 'node:assert/strict'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, test, type TestContext } from 'node:test'
import { createSandbox, runPostern } from './program.ts'

const configuration = `
directory: groups.yaml
policies:
  - {name: dbas, policy: {allow: {or: [{groups: {has: dba}}]}}}
routes:
  - {id: db, name: database, from: "tcp+https://db.example.com:5432", to: "tcp://10.0.0.1:5432",
     policy_names: [dbas], policy: [{deny: {or: [{email: {is: mallory@example.com}}]}}]}
  - {id: ssh, from: "tcp+https://ssh.example.com:22", to: "tcp://10.0.0.1:22",
     policy: {allow: {and: [{domain: {is: example.com}}, {source_ip: 203.0.113.0/24}]}}}
`

async function sandbox(t: TestContext, files: Readonly<Record<string, string>>) {
  const { path, env, ...box } = await createSandbox()
  t.after(() => box[Symbol.asyncDispose]())
  const all = {
    'postern.yaml': configuration,
    'groups.yaml': 'groups: {dba: [alice@example.com, mallory@example.com]}\n',
    ...files,
  }
  for (const [name, text] of Object.entries(all)) await writeFile(join(path, name), text)
  const config = join(path, 'postern.yaml')
  return {
    path,
    config,
    policy: (...args: readonly string[]) => runPostern(['policy', ...args], { env }),
  }
}

const tests = `tests:
  - {name: database admins reach the database, who: alice@example.com, route: db, expect: allow}
  - name: mallory is kept out
    who: {email: mallory@example.com, groups: [dba]}
    route: db.example.com:5432
    expect: deny
    reasons: [email-ok]
  - {name: strangers sign in first, who: nobody, route: database, expect: sign-in}
  - name: from the office
    who: {email: bob@example.com}
    route: ssh
    from: 203.0.113.7
    at: 2026-03-04T12:00:00Z
    expect: allow
`

describe('postern policy test', () => {
  test('tests that come out as expected end with 0, each on its line', async (t) => {
    const { policy, config } = await sandbox(t, { 'policy-tests.yaml': tests })
    const { code, stdout, stderr } = await policy('test', '-c', config)
    assert.equal(
      stdout,
      [
        'ok    database admins reach the database',
        'ok    mallory is kept out',
        'ok    strangers sign in first',
        'ok    from the office',
        '',
      ].join('\n'),
    )
    assert.deepEqual([code, stderr], [0, '4 tests passed, 0 failed\n'])
  })

  test('one that does not shows the trace, ends with 11, and is a failure of JUnit', async (t) => {
    const failing = tests
      .replace('203.0.113.7', '198.51.100.1')
      .replace('from the office', 'a "<b>" \\u0001')
    const { policy, config, path } = await sandbox(t, { 'mine.yaml': failing })
    const [file, report] = [join(path, 'mine.yaml'), join(path, 'junit.xml')]
    const { code, stdout } = await policy('test', file, '-c', config, '--junit', report)
    assert.equal(code, 11)
    assert.match(stdout, /^FAIL .*\(.*mine\.yaml:9\)$/m)
    assert.match(stdout, /expected allow, but it is deny: because of source-ip-unauthorized/)
    assert.match(stdout, /needs a network address within "203\.0\.113\.0\/24"/)
    const xml = await readFile(report, 'utf8')
    assert.match(xml, /tests="4" failures="1"/)
    assert.match(xml, /<testcase name="a &quot;&lt;b&gt;&quot; [^"]*" classname="[^"]*mine\.yaml"/)
    assert.match(xml, /<failure message="expected allow/)
  })

  test('the result for scripts has every test, and the trace of those that failed', async (t) => {
    const failing = tests.replace('203.0.113.7', '198.51.100.1')
    const { policy, config } = await sandbox(t, { 'policy-tests.yaml': failing })
    const { code, stdout } = await policy('test', '-c', config, '--json')
    const { passed, failed, tests: results } = JSON.parse(stdout)
    assert.deepEqual([code, passed, failed, results.length], [11, 3, 1, 4])
    assert.deepEqual(
      results.map(({ trace }: { trace?: object }) => trace !== undefined),
      [false, false, false, true],
    )
  })

  test('faults are told all at once at their places, and nothing is run', async (t) => {
    const faulty = `tests:
  - {name: one, who: {emial: a@b.c}, route: db, expect: allow}
  - {name: two, who: a@b.c, route: db, expect: maybe}
`
    const unknown = `tests:
  - {name: one, who: {groups: [dba]}, route: bd, expect: deny, reasons: [group-ok]}
  - {name: two, who: {email: a@b.c, service_account: x}, route: db, expect: deny}
`
    const { policy, config, path } = await sandbox(t, {
      'a.yaml': faulty,
      'b.yaml': unknown,
      'empty.yaml': 'tests: []\n',
    })
    const files = ['a.yaml', 'b.yaml', 'empty.yaml', 'absent.yaml'].map((name) => join(path, name))
    const { code, stdout, stderr } = await policy('test', ...files, '-c', config)
    assert.deepEqual([code, stdout], [2, ''])
    for (const fault of [
      /a\.yaml:2:23: tests\[0\]\.who\.emial: unknown key/,
      /a\.yaml:3:48: tests\[1\]\.expect: must be one of/,
      /b\.yaml:2:\d+: tests\[0\]\.route: the configuration has no route "bd"\n +hint: did you mean "db"\?/,
      /b\.yaml:2:\d+: tests\[0\]\.who: needs "email" or "user_id"/,
      /b\.yaml:2:\d+: tests\[0\]\.reasons\[0\]: unknown reason "group-ok"\n +hint: did you mean "groups-ok"\?/,
      /b\.yaml:3:\d+: tests\[1\]\.who: cannot be a service account and a person/,
      /empty\.yaml:1:8: tests: /,
      /absent\.yaml: cannot read/,
    ])
      assert.match(stderr, fault)
  })

  test('certificates and secrets of the gateway need not be there', async (t) => {
    const certificates =
      'certificates: [{cert: absent.pem, key: absent.key}]\nidp_client_secret_file: absent\n'
    const { policy, config } = await sandbox(t, {
      'postern.yaml': certificates + configuration,
      'policy-tests.yaml': tests,
    })
    const { code, stderr } = await policy('test', '-c', config)
    assert.deepEqual([code, stderr], [0, '4 tests passed, 0 failed\n'])
  })

  test('what a configuration or a test holds cannot move the cursor of a terminal', async (t) => {
    const evil = tests.replace('name: from the office', String.raw`name: "\e[2J evil"`)
    const { policy, config } = await sandbox(t, {
      'policy-tests.yaml': evil.replace('203.0.113.7', '198.51.100.1'),
    })
    const { stdout } = await policy('test', '-c', config)
    assert.match(stdout, /evil/)
    assert.ok(!stdout.includes('\u001B'))
  })
})

describe('postern policy, by a configuration alone', () => {
  test('explain shows each criterion with what it found and needs', async (t) => {
    const { policy, config } = await sandbox(t, {})
    const args = ['--offline', '-c', config, '--at', '2026-03-04T12:00:00Z']
    const { code, stdout } = await policy('explain', 'bob@example.com', 'ssh', ...args)
    assert.equal(code, 0)
    assert.equal(
      stdout.replace(/(?<= at )2026-03-0\d \d\d:\d\d:\d\d \S+/, 'TIME'),
      `deny: bob@example.com on route "ssh.example.com:22" from 192.0.2.1 at TIME (source-ip-unauthorized)
allow (policy) does not hold
  and: all hold: no
    domain {"is":"example.com"}: yes, domain-ok; found "bob@example.com"
    source_ip "203.0.113.0/24": no, source-ip-unauthorized; found "192.0.2.1"
      needs a network address within "203.0.113.0/24"
`,
    )
    const may = await policy('explain', 'bob@example.com', 'db', ...args, '--group', 'dba')
    assert.match(may.stdout, /^allow: /)
    for (const [option, value, form] of [
      ['--at', 'tomorrow', 'must be a time with its zone'],
      ['--at', '2026-03-04T12:00:00', 'must be a time with its zone'],
      ['--at', '2026-13-04T12:00:00Z', 'must be a time with its zone'],
      ['--from', 'office', 'must be an IP address'],
    ] as const) {
      const wrong = await policy('explain', 'bob@example.com', 'db', ...args, option, value)
      assert.equal(wrong.code, 2)
      assert.ok(wrong.stderr.includes(form), wrong.stderr)
    }
    const none = await policy('explain', 'bob@example.com', 'absent', ...args)
    assert.equal(none.code, 5)
  })

  test('who-can and what-can list those who may, and the others with --all', async (t) => {
    const { policy, config } = await sandbox(t, {})
    const who = await policy('who-can', 'db', '--offline', '-c', config, '--all', '--json')
    const { items, total } = JSON.parse(who.stdout)
    assert.equal(total, 2)
    assert.deepEqual(
      items.map((item: { who: string; outcome: string }) => [item.who, item.outcome]),
      [
        ['alice@example.com', 'allow'],
        ['mallory@example.com', 'deny'],
      ],
    )
    const what = await policy('what-can', 'alice@example.com', '--offline', '-c', config)
    assert.match(
      what.stdout,
      /^database +tcp\+https:\/\/db\.example\.com:5432 +allow +groups-ok +db$/m,
    )
    assert.match(what.stderr, /"alice@example\.com" may use 1 of 2 routes/)
  })

  test('diff names the routes that differ, and for whom another decision is made', async (t) => {
    const changed = configuration.replace('mallory@example.com}}]}}', 'bob@example.com}}]}}')
    const { policy, config, path } = await sandbox(t, { 'new.yaml': changed })
    const { code, stdout } = await policy('diff', config, join(path, 'new.yaml'), '--json')
    assert.deepEqual(
      [code, JSON.parse(stdout)],
      [
        0,
        {
          routes: [{ id: 'db', name: 'database', change: 'changed' }],
          decisions: [
            {
              route_id: 'db',
              route: 'database',
              who: 'mallory@example.com',
              before: 'deny',
              after: 'allow',
              reasons: ['groups-ok'],
            },
          ],
        },
      ],
    )
  })
})
