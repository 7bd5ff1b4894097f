import assert from 'node:assert/strict'

import { parseExchange } from '../../src/desktop/connections/exchange/parse-exchange.ts'
import type { Target } from '../target.ts'

export const target: Target = {
  reads: 'files of connections that are imported: ours, and those of Pomerium Desktop',
  covers: [
    'desktop/connections/exchange/parse-exchange.ts',
    'desktop/connections/exchange/pomerium-records.ts',
    'desktop/connections/exchange/postern-document.ts',
    'desktop/connections/exchange/read-text.ts',
    'desktop/connections/check-connection.ts',
    'desktop/connections/local-place.ts',
  ],
  tokens: [
    '{"records":[{"id":"a","tags":["t"],"conn":{"name":"n","remoteAddr":"a.example.com:22","listenAddr":"127.0.0.1:1"}}]}',
    'connections:\n  - name: a\n    to: a.example.com:22\n',
    '"@type":"x"',
    '"clientCert":{"cert":"x"}',
    'caCert',
    'disableTlsVerification: true',
    '"protocol":"UDP"',
    'null',
    '[]',
    '{}',
  ],
  async run(input) {
    const text = input.toString('utf8')
    const read = await parseExchange('file', text)
    assert.equal(read.problems.length > 0 && read.connections.length > 0, false)
    assert.ok(read.unknownFields.length <= 101)
    for (const { settings, problem } of read.connections) {
      assert.ok(settings.name.length > 0)
      assert.equal(problem('name', 'is at fault').source, 'file')
    }
    const count = Math.min(read.connections.length, 2)
    return `${read.format} ${count} ${read.problems.length > 0 ? 'faults' : ''} ${read.unknownFields.length > 0 ? 'unknown' : ''}`
  },
}
