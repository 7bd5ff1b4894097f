import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { routeKeys } from '../routes/route-keys.ts'
import type { Key } from '../setting-key.ts'
import { globalKeys } from './keys/keys.ts'
import { foreignRouteKeys } from '../routes/foreign-route-keys.ts'
import { foreignGlobalKeys } from './keys/foreign-global-keys.ts'
import { providerNames } from './keys/providers.ts'
import { renderConfigurationReference } from './reference.ts'

const text = renderConfigurationReference()
const foreignKeys = [...foreignGlobalKeys, ...foreignRouteKeys]
const tables: readonly Readonly<Record<string, Key<unknown>>>[] = [globalKeys, routeKeys]

describe('the configuration reference', () => {
  test('has a row for every key, with its type, default, variable and doc', () => {
    for (const [name, key] of tables.flatMap((table) => Object.entries(table))) {
      const row = text.split('\n').find((line) => line.startsWith(`| \`${name}\` | ${key.type}`))
      assert.ok(row !== undefined && row.includes(key.doc), name)
      if (typeof key.default === 'string') assert.ok(row.includes(key.default), name)
      if (key.without !== undefined) assert.ok(row.includes(key.without), name)
      assert.equal(row.includes(`\`${name.toUpperCase()}\``), key.variable !== 'none', name)
    }
  })

  test("has a row for every provider and every key of Pomerium's", () => {
    for (const name of [...providerNames, ...foreignKeys.map(({ key }) => key)]) {
      assert.ok(text.includes(`| \`${name}\` |`), name)
    }
  })
})

describe('the tables of keys', () => {
  test('have defaults that their own schemas accept', () => {
    for (const [name, key] of tables.flatMap((table) => Object.entries(table))) {
      if (key.default !== undefined) assert.doesNotThrow(() => key.schema.parse(key.default), name)
    }
  })

  test("name each key of Pomerium's once, and none that is read", () => {
    for (const [foreign, read] of [
      [foreignGlobalKeys, globalKeys],
      [foreignRouteKeys, routeKeys],
    ] as const) {
      const names = foreign.map(({ key }) => key)
      assert.deepEqual(names, [...new Set(names)])
      assert.deepEqual(
        names.filter((name) => Object.hasOwn(read, name)),
        [],
      )
    }
  })
})
