import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createUserIds } from './user-ids.ts'

test('the people of a gateway with one provider have the ids that it gives them', () => {
  const ids = createUserIds(['default'])
  for (const subject of ['1', 'default/1', 'partner/1', '/', 'a/b/c']) {
    assert.equal(ids.userIdOf('default', subject), subject)
    assert.equal(ids.subjectOf('default', subject), subject)
  }
  assert.equal(ids.subjectOf('partner', 'partner/1'), '1')
})

test('with several providers those of the default one keep theirs, and the others have its id before it', () => {
  const ids = createUserIds(['default', 'partner'])
  assert.equal(ids.userIdOf('default', '1'), '1')
  assert.equal(ids.userIdOf('partner', '1'), 'partner/1')
  assert.equal(ids.userIdOf('default', 'partner/1'), 'default/partner/1')
  assert.equal(ids.userIdOf('default', 'default/partner/1'), 'default/default/partner/1')
  // What the default provider gave before there was another one.
  assert.equal(ids.subjectOf('default', 'partner/1'), undefined)
  assert.equal(ids.subjectOf('default', 'default/1'), undefined)
  for (const nobody of ['1', 'partner', 'partner/', 'partner2/1', 'default/1'])
    assert.equal(ids.subjectOf('partner', nobody), undefined, nobody)
})

test('no two people have one id, no two groups one name, and each id leads back to its person', () => {
  const word = fc.constantFrom('default', 'partner', 'p', '1', '', 'partner2')
  const subject = fc.array(word, { minLength: 1, maxLength: 4 }).map((words) => words.join('/'))
  const person = fc.record({ provider: fc.constantFrom('default', 'partner', 'p'), subject })
  const isNamed = ({ subject: text }: { readonly subject: string }): boolean => text !== ''
  const ids = createUserIds(['default', 'partner', 'p'])
  fc.assert(
    fc.property(person.filter(isNamed), person.filter(isNamed), (one, other) => {
      const [first, second] = [one, other].map((it) => ids.userIdOf(it.provider, it.subject))
      assert.ok(first !== undefined && second !== undefined)
      const isSame = one.provider === other.provider && one.subject === other.subject
      assert.equal(first === second, isSame)
      const [group, another] = [one, other].map((it) => ids.groupOf(it.provider, it.subject))
      assert.equal(group === another, isSame)
      assert.equal(ids.subjectOf(one.provider, first), one.subject)
      if (one.provider !== other.provider)
        assert.equal(ids.subjectOf(other.provider, first), undefined)
    }),
    { numRuns: 2000 },
  )
})
