import assert from 'node:assert/strict'
import { generateKeyPairSync } from 'node:crypto'
import { test } from 'node:test'
import {
  formatVerifierKey,
  judgeNote,
  parseNote,
  parseVerifierKey,
  signNote,
  verifierKeyOf,
  type NoteKey,
} from './signed-note.ts'

test('a note that Go has signed is good by its key (golang.org/x/mod/sumdb/note)', () => {
  const key = parseVerifierKey('PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW')
  const note = parseNote(`If you think cryptography is the answer to your problem,
then you don't know what your problem is.

— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=
`)
  assert.ok(key !== undefined && note !== undefined)
  assert.equal(judgeNote(note, [key]), 'good')
  assert.equal(
    judgeNote({ ...note, text: note.text.replace('you', 'You') }, [key]),
    'bad-signature',
  )
})

test('a key is the same when it was written and read', () => {
  const key = verifierKeyOf(drawKey())
  const word = formatVerifierKey(key)
  assert.match(word, /^gateway\.example\.com\/audit\+[0-9a-f]{8}\+A[A-Za-z0-9+/]{43}$/)
  assert.deepEqual(
    parseVerifierKey(word)?.publicKey.export({ format: 'jwk' }),
    key.publicKey.export({ format: 'jwk' }),
  )
  for (const other of [
    word.replace('gateway', 'Gateway'),
    word.slice(1),
    `${word}A`,
    word.replace('+A', '+B'),
    '',
  ])
    assert.equal(parseVerifierKey(other), undefined, other)
})

test('signatures are judged by keys of the same name and id alone', () => {
  const [one, other] = [drawKey(), drawKey()]
  const note = parseNote(signNote('text\n', [one, other]))
  assert.ok(note !== undefined)
  assert.equal(judgeNote(note, [verifierKeyOf(one)]), 'good')
  assert.equal(judgeNote(note, [verifierKeyOf(other)]), 'good')
  assert.equal(judgeNote(note, [verifierKeyOf(drawKey())]), 'unknown-key')
  assert.equal(judgeNote(note, [{ ...verifierKeyOf(one), name: 'x' }]), 'unknown-key')
  const publicKey = verifierKeyOf(drawKey()).publicKey
  assert.equal(judgeNote(note, [{ ...verifierKeyOf(one), publicKey }]), 'bad-signature')
})

test('each signature of a known key has to hold, and has one way to be written', () => {
  const [one, other] = [drawKey(), drawKey()]
  const note = signNote('text\n', [one, other])
  const unopened = parseNote(note)
  const [first, second] = unopened?.signatures ?? []
  assert.ok(unopened !== undefined && first !== undefined && second !== undefined)
  const forged = { ...unopened, signatures: [first, { ...second, bytes: Buffer.alloc(64) }] }
  assert.equal(judgeNote(forged, [one, other].map(verifierKeyOf)), 'bad-signature')
  // The last digit has two bits that no byte has.
  const digits = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/'
  const next = (digit: string): string => digits[digits.indexOf(digit) + 1] ?? ''
  const same = note.replace(/(.)=\n$/, (_, digit: string) => `${next(digit)}=\n`)
  assert.notEqual(same, note)
  assert.equal(parseNote(same), undefined)
})

test('every changed byte of a note spoils it', () => {
  const key = drawKey()
  const bytes = Buffer.from(signNote('postern audit\n1 2 3\n', [key]))
  for (let at = 0; at < bytes.length; at += 1) {
    for (const bit of [1, 4, 0x20]) {
      const changed = Buffer.from(bytes)
      changed[at] = (changed[at] ?? 0) ^ bit
      const note = parseNote(changed.toString())
      assert.notEqual(note && judgeNote(note, [verifierKeyOf(key)]), 'good', `byte ${at}`)
    }
  }
})

function drawKey(): NoteKey {
  return { name: 'gateway.example.com/audit', ...generateKeyPairSync('ed25519') }
}
