import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { readGuide } from './guide.ts'

const page = `# A service

\`\`\`yaml
routes:
  - from: tcp+https://a.example.com:1
    to: tcp://10.0.0.5:1
\`\`\`

\`\`\`sh
# a comment
postern tcp a.example.com:1   # and another
nc 127.0.0.1 \\
  10001
\`\`\`

_Not run by the tests: needs Windows._

\`\`\`bat
mstsc /v:127.0.0.1
\`\`\`
`

const notRun = { 'mstsc /v:127.0.0.1': 'needs Windows' }

describe('a guide that a test runs', () => {
  test('gives its commands one by one, with what stands in', () => {
    const guide = readGuide(page, {
      notRun,
      standIns: { '10001': '20002', '10.0.0.5:1': 'host:2' },
    })
    assert.equal(guide.routes()[0]?.to, 'tcp://host:2')
    assert.equal(guide.command(/^postern/), 'postern tcp a.example.com:1')
    assert.equal(guide.command(/^nc/), 'nc 127.0.0.1    20002')
    guide.finish()
  })

  test('fails where nothing runs a command, or nothing reads a block', () => {
    const guide = readGuide(page, { notRun })
    guide.command(/^postern/)
    assert.throws(() => guide.finish(), /routes:[^]*nc 127/)
  })

  test('fails where the test asks for what is not there, or is there twice', () => {
    const guide = readGuide(page, { notRun })
    assert.throws(() => guide.command(/^redis-cli/), /0 pieces of "sh"/)
    assert.throws(() => guide.command(/1/), /2 pieces of "sh"/)
    assert.throws(() => guide.block('sql'), /0 pieces of "sql"/)
  })

  test('fails where its marks and the list of the test differ', () => {
    assert.throws(() => readGuide(page), /lacks "mstsc/)
    assert.throws(() => readGuide(page, { notRun: { 'mstsc /v:127.0.0.1': 'slow' } }), /lacks/)
    assert.throws(() => readGuide(page, { notRun: { ...notRun, gone: 'x' } }), /mark "gone"/)
  })

  test('fails where a block is indented, and so would not be seen', () => {
    assert.throws(() => readGuide('1. do\n\n   ```sh\n   rm\n   ```\n'), /beginning of its lines/)
  })

  test('fails where a stand-in stands for nothing', () => {
    assert.throws(() => readGuide(page, { notRun, standIns: { '999': '1' } }), /nowhere says "999"/)
  })
})
