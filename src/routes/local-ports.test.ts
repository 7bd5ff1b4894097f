import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { createLocalPorts, ownPortOf } from './local-ports.ts'

describe('local ports', () => {
  test('the first that asks has the familiar one, and every other one its own', () => {
    const ports = createLocalPorts()
    assert.equal(ports.take('a.example.com', 15_432), 15_432)
    assert.equal(ports.take('b.example.com', 15_432), ownPortOf('b.example.com'))
    assert.equal(ports.take('c.example.com', 16_379), 16_379)
    assert.equal(ports.take('d.example.com'), ownPortOf('d.example.com'))
  })

  test('a name has always the same port, out of the way of systems and tools', () => {
    const names = Array.from({ length: 20 }, (_, index) => `a${index}.site.com`)
    const ports = names.map(ownPortOf)
    assert.deepEqual(ports, names.map(ownPortOf))
    assert.equal(new Set(ports).size, ports.length)
    assert.ok(ports.every((port) => port >= 20_000 && port < 30_000))
    assert.equal(ownPortOf('tcp.site.com'), 22_654)
  })

  test('no two of a list are the same, even where names draw one port, or there is one name twice', () => {
    const names = Array.from({ length: 2_000 }, (_, index) => `a${index}.site.com`)
    assert.ok(new Set(names.map(ownPortOf)).size < names.length, 'some draw the same')
    const ports = createLocalPorts()
    const given = [...names, ...names].map((name) => ports.take(name))
    assert.equal(new Set(given).size, given.length)
    assert.ok(given.every((port) => port >= 20_000 && port < 30_000))
  })

  test('where all are taken one is given again', () => {
    const ports = createLocalPorts()
    for (let index = 0; index < 10_000; index += 1) ports.take('a')
    assert.equal(ports.take('a'), ownPortOf('a'))
  })
})
