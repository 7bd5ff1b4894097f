import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { test } from 'node:test'
import type { TestContext } from 'node:test'
import { uint16, type ZoneRecord } from './message.ts'
import type { DnsSettings } from './settings.ts'
import { addRecords } from './update-zone.ts'

const record: ZoneRecord = { name: 'tcp.site.com', type: 'CNAME', value: 'gw.site.com' }

/** A header alone: the id of the question, a response, NOERROR. */
const unsignedYes = (question: Buffer): Buffer => {
  const header = Buffer.alloc(12)
  question.copy(header, 0, 0, 2)
  header.writeUInt16BE(0xa800, 2)
  return header
}

test('a yes that nobody has signed is none: the record may not be there', async (t) => {
  const settings = await startServer(t, unsignedYes)
  await assert.rejects(addRecords(settings, [record], Date.now), { code: 'dns-unsigned-answer' })
})

test('a yes that is signed with another key, or to another question, is none either', async (t) => {
  // The question itself, sent back: its signature is right, and not of an answer.
  const echo = await startServer(t, (question) => question)
  await assert.rejects(addRecords(echo, [record], Date.now), { code: 'dns-unsigned-answer' })
  const other = await startServer(t, (question) => {
    const answer = unsignedYes(question)
    answer[0] = (answer[0] ?? 0) ^ 0xff
    return answer
  })
  await assert.rejects(addRecords(other, [record], Date.now), { code: 'dns-unexpected-answer' })
})

test('an answer that cannot be read, or never comes, is told as such', async (t) => {
  const answers: Readonly<Record<string, Buffer | undefined>> = {
    'dns-unexpected-answer': Buffer.from('hello'),
    'dns-unreachable': undefined,
  }
  for (const [code, answer] of Object.entries(answers)) {
    const settings = await startServer(t, () => answer)
    await assert.rejects(addRecords(settings, [record], Date.now), { code })
  }
})

/** A server that answers each question so; undefined ends the connection. */
async function startServer(
  t: TestContext,
  answer: (question: Buffer) => Buffer | undefined,
): Promise<DnsSettings> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.once('data', (chunk: Buffer) => {
      const bytes = answer(chunk.subarray(2))
      if (bytes === undefined) socket.end()
      else {
        // The length alone first: what reads must wait for the rest.
        socket.write(uint16(bytes.length).subarray(0, 1))
        socket.write(Buffer.concat([uint16(bytes.length).subarray(1), bytes]))
      }
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  return {
    server: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    zone: 'site.com',
    key: { name: 'k', algorithm: 'hmac-sha256', secret: Buffer.alloc(32, 7) },
    ttlSeconds: 60,
    target: 'gw.site.com',
  }
}
