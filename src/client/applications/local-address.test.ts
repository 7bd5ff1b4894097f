import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { parseLocalAddress } from './local-address.ts'

const tcp = (host: string | undefined, port: number) => ({ kind: 'tcp', host, port })

describe('a local address as cloudflared takes it', () => {
  const cases = {
    'localhost:9210': tcp('127.0.0.1', 9210),
    'LOCALHOST:9210': tcp('127.0.0.1', 9210),
    'tcp://localhost:9210': tcp('127.0.0.1', 9210),
    'rdp://127.0.0.1:3390/': tcp('127.0.0.1', 3390),
    'localhost.example.com:1': tcp('localhost.example.com', 1),
    ':9210': tcp(undefined, 9210),
    '[::1]:9210': tcp('::1', 9210),
    '::1:9210': tcp('::1', 9210),
    '127.0.0.1:0': tcp('127.0.0.1', 0),
    'unix:/run/db.sock': { kind: 'unix', path: '/run/db.sock' },
  }
  for (const [text, address] of Object.entries(cases)) {
    test(text, () => assert.deepEqual(parseLocalAddress(text), address))
  }

  for (const text of ['', '-', 'localhost', '9210', '::1', 'ftp://a:1', 'a:1/b', 'a:b', 'unix:']) {
    test(`${JSON.stringify(text)} is none`, () => {
      assert.throws(() => parseLocalAddress(text), {
        code: 'invalid-listen-address',
        hint: /"localhost:PORT"/,
      })
    })
  }
})
