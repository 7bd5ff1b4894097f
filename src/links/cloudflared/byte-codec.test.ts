import assert from 'node:assert/strict'
import { test } from 'node:test'
import { webSocketCodec } from './byte-codec.ts'
import { frameOf } from './stock-connector.fixture.ts'

test('messages of a byte are one piece where they come together', () => {
  const letters = 'x'.repeat(500) + 'y'.repeat(500)
  const said = Array.from(letters, (letter) => frameOf(0x2, Buffer.from(letter)))
  const { bytes } = webSocketCodec().decode(Buffer.concat(said))
  assert.deepEqual(bytes.map(String), [letters])
})
