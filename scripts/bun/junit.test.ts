import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readJunit } from './junit.ts'

const written = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="bun test" tests="4" failures="2" skipped="1">
  <testsuite name="src/a.test.ts" file="src/a.test.ts">
    <testcase name="says &quot;no&quot; &lt;&amp;&#39;&#x2603;&gt;" classname="src/a.test.ts" line="3" />
    <testsuite name="outer" file="src/a.test.ts">
      <testsuite name="inner" file="src/a.test.ts">
        <testcase name="fails" classname="inner" line="9">
          <failure type="AssertionError" />
        </testcase>
      </testsuite>
      <testcase name="hangs" classname="outer" line="10">
        <failure type="TimeoutError" message="timed out" />
      </testcase>
    </testsuite>
    <testcase name="is not run" classname="src/a.test.ts">
      <skipped />
    </testcase>
  </testsuite>
  <testsuite name="src/b.test.ts" file="src/b.test.ts">
    <testcase name="passes" classname="src/b.test.ts" line="3" />
  </testsuite>
</testsuites>`

test('tests have the names of the suites they are in, and what became of them', () => {
  assert.deepEqual(readJunit(written).get('src/a.test.ts'), [
    { name: `says "no" <&'☃>`, outcome: 'passed' },
    { name: 'outer > inner > fails', outcome: 'failed' },
    { name: 'outer > hangs', outcome: 'failed' },
    { name: 'is not run', outcome: 'skipped' },
  ])
})

test('tests of several files are those of their own', () => {
  const files = readJunit(written)
  assert.deepEqual([...files.keys()], ['src/a.test.ts', 'src/b.test.ts'])
  assert.deepEqual(files.get('src/b.test.ts'), [{ name: 'passes', outcome: 'passed' }])
})
