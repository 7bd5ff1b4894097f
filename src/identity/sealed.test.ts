import assert from 'node:assert/strict'
import { test } from 'node:test'
import { EncryptJWT } from 'jose'
import { maxSealedBytes, seal, unseal } from './sealed.ts'

const key = new Uint8Array(32).fill(3)

test('what was sealed opens with the same key, and with no other one', async () => {
  const text = await seal(key, { sid: 's-1' })
  assert.deepEqual(await unseal(key, text), { sid: 's-1' })
  assert.equal(await unseal(new Uint8Array(32).fill(4), text), undefined)
  assert.equal(await unseal(new Uint8Array(16), text), undefined)
})

test('the right key opens nothing that was made in another way', async () => {
  for (const header of [
    { alg: 'dir', enc: 'A128CBC-HS256' },
    { alg: 'A256KW', enc: 'A256GCM' },
  ]) {
    const text = await new EncryptJWT({ sid: 's-1' }).setProtectedHeader(header).encrypt(key)
    assert.equal(await unseal(key, text), undefined, header.alg)
  }
})

test('a text of 4096 characters is opened, and none that is longer', async () => {
  const whole = async (padding: number): Promise<string> =>
    seal(key, { padding: 'x'.repeat(padding) })
  const bare = (await whole(0)).length
  const padding = Math.ceil(((maxSealedBytes - bare) * 3) / 4)
  const fits = await whole(padding)
  assert.equal(fits.length, maxSealedBytes)
  assert.ok((await unseal(key, fits)) !== undefined)
  assert.equal(await unseal(key, await whole(padding + 1)), undefined)
})

test('a fault of the machine is not taken for a text of somebody else', async (t) => {
  const text = await seal(key, {})
  t.mock.method(crypto.subtle, 'importKey', () => Promise.reject(new Error('out of memory')))
  await assert.rejects(unseal(key, text), { message: 'out of memory' })
})
