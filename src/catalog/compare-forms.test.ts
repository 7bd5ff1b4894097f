import assert from 'node:assert/strict'
import { test } from 'node:test'
import { applyPatch } from 'diff'
import { compareForms } from './compare-forms.ts'
import { yamlOf } from './document-yaml.ts'
import type { DocumentForm } from '../store/access-document-store.ts'
import { threadMs } from '../thread-time.fixture.ts'

const db = { kind: 'route', id: 'db' } as const

function formOf(users: number, prefix: string): DocumentForm {
  const names = Array.from({ length: users }, (_, index) => `${prefix}${index}`)
  const body = JSON.stringify({ from: 'tcp+https://db.example.com:1', allowed_users: names })
  return { body, isDisabled: false, tags: [] }
}

test('forms that have nothing in common are compared in good time, however long they are', () => {
  const [before, after] = [formOf(6_000, 'a'), formOf(6_000, 'b')]
  const begunMs = threadMs()
  const patch = compareForms(db, before, after)
  const tookMs = threadMs() - begunMs
  assert.ok(tookMs < 1_000, `${tookMs} ms`)
  assert.equal(applyPatch(yamlOf('route', before), patch), yamlOf('route', after))
  assert.match(patch, /^--- route db\n\+\+\+ route db\n@@ -1,6002 \+1,6002 @@\n-from/)
  assert.match(
    compareForms(db, undefined, after),
    /^--- \/dev\/null\n\+\+\+ route db\n@@ -0,0 \+1,6002 @@\n\+from/,
  )
  assert.match(compareForms(db, after, undefined), /\n@@ -1,6002 \+0,0 @@\n-from/)
})

test('of long forms the lines that differ are shown', () => {
  const after = formOf(6_000, 'a')
  const before = { ...after, body: after.body.replace('"a3000"', '"z"') }
  const patch = compareForms(db, before, after)
  assert.equal(applyPatch(yamlOf('route', before), patch), yamlOf('route', after))
  assert.equal(patch.split('\n').length, 12)
  assert.equal(compareForms(db, after, after), '')
})
