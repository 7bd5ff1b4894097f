import assert from 'node:assert/strict'
import { test } from 'node:test'
import { markPixmaps } from './pixmap.ts'

test('the picture is the arch: full at its sides, empty below it and around it', () => {
  for (const [width, height, argb] of markPixmaps(0x0b_6b_cb)) {
    assert.equal(argb.length, width * height * 4)
    const at = (x: number, y: number): string => {
      const place = (Math.floor((y / 16) * height) * width + Math.floor((x / 16) * width)) * 4
      return argb.toString('hex', place, place + 4)
    }
    assert.equal(at(4.5, 12), 'ff0b6bcb')
    assert.equal(at(11.5, 12), 'ff0b6bcb')
    assert.equal(at(8, 3), 'ff0b6bcb')
    assert.equal(at(8, 12), '00000000')
    assert.equal(at(0.5, 0.5), '00000000')
    assert.equal(at(15, 12), '00000000')
  }
})
