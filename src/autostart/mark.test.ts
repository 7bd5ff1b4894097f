import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { markSvg } from './mark.ts'
import { isOwnText } from './written-by.ts'

test('the icon in menus is the mark of the pages', () => {
  const page = readFileSync(join(import.meta.dirname, '../web/ui/mark.svg'), 'utf8')
  const [path = ''] = /<path.*?\/>/.exec(page) ?? []
  assert.ok(path.length > 20)
  assert.ok(markSvg().includes(path))
  assert.match(page, /viewBox="0 0 16 16"/)
  assert.ok(isOwnText(markSvg()))
})
