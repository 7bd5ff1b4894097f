import assert from 'node:assert/strict'
import { test } from 'node:test'
import { notifier } from './notify.ts'

test('what is shown is a text, whatever is in it', () => {
  assert.deepEqual(notifier('-x <b>', 'a & <b>', 'linux').slice(-3), [
    '--',
    '-x <b>',
    'a &amp; &lt;b&gt;',
  ])
  const mac = notifier('" & (do shell script "id")', 'b', 'darwin')
  assert.deepEqual(mac.slice(-3), ['--', '" & (do shell script "id")', 'b'])
  assert.deepEqual(notifier('a', 'b', 'win32'), [])
})
