import assert from 'node:assert/strict'
import { test } from 'node:test'
import { helpText, parseOptions } from './options.ts'

test('without options it proves itself and stays up on 8443', () => {
  assert.deepEqual(parseOptions([]), { port: 8443, to: [], proves: true, once: false })
})

test('every option is read, --to as often as it is given', () => {
  const args = [
    '--port',
    '0',
    '--to=tcp://127.0.0.1:5432',
    '--to',
    'tcp://[::1]:22/',
    '--no-proof',
    '--once',
  ]
  assert.deepEqual(parseOptions(args), {
    port: 0,
    to: [
      { host: '127.0.0.1', port: 5432 },
      { host: '::1', port: 22 },
    ],
    proves: false,
    once: true,
  })
})

test('help wins', () => {
  assert.equal(parseOptions(['--once', '-h']), 'help')
  assert.match(helpText, /npm start -- --to tcp:\/\/127\.0\.0\.1:5432/)
})

for (const [args, message, hint] of [
  [['--prot', '1'], 'unknown option "--prot"', 'did you mean "--port"?'],
  [
    ['--port', '70000'],
    '"--port 70000" is not a port: expected a number from 0 to 65535',
    /--help/,
  ],
  [['--port', ''], '"--port " is not a port: expected a number from 0 to 65535', /--help/],
  [['--port'], /^option "--port <value>" argument missing$/, /--help/],
  [['--once=yes'], /^option "--once" does not take an argument$/, /--help/],
  [
    ['--to', '127.0.0.1:5432'],
    '"--to 127.0.0.1:5432" is no service: expected a URL such as tcp://127.0.0.1:5432',
    'write "--to tcp://127.0.0.1:5432"',
  ],
  [['--to', 'http://127.0.0.1:80'], /is no service/, /--help/],
  [['--to', 'tcp://127.0.0.1'], /is no service/, /--help/],
  [['tcp://127.0.0.1:22'], 'unexpected "tcp://127.0.0.1:22"', 'write "--to tcp://127.0.0.1:22"'],
] as const) {
  test(`"${args.join(' ')}" is refused in one sentence`, () => {
    assert.throws(() => parseOptions(args), { name: 'UsageError', message, hint })
  })
}
