import { parseStringMatcher } from '../matchers/string.ts'
import { matching, quoted } from './words.ts'
import { aboutRequest, answer, type Criterion } from './criterion.ts'

/** `http_method: { is: CONNECT }` — `CONNECT` on every tunnel. */
export const httpMethod: Criterion = {
  name: 'http_method',
  data: 'string matcher',
  doc: 'holds when the HTTP method matches; on a tunnel it is `CONNECT`',
  reasons: ['http-method-ok', 'http-method-unauthorized'],
  words: {
    found: ({ method }) => quoted(method),
    wanted: (data) => matching('an HTTP method', data),
  },
  parse(data, place) {
    const matches = parseStringMatcher(data, place)
    return (
      matches &&
      aboutRequest(({ method }) =>
        answer(matches(method), 'http-method-ok', 'http-method-unauthorized'),
      )
    )
  },
}

/** `http_path: { not: /metrics }` — empty on every tunnel, since CONNECT has no path. */
export const httpPath: Criterion = {
  name: 'http_path',
  data: 'string matcher',
  doc: "holds when the request's path matches; on a tunnel it is empty",
  reasons: ['http-path-ok', 'http-path-unauthorized'],
  words: {
    found: ({ path }) => quoted(path),
    wanted: (data) => matching('a path', data),
  },
  parse(data, place) {
    const matches = parseStringMatcher(data, place)
    return (
      matches &&
      aboutRequest(({ path }) => answer(matches(path), 'http-path-ok', 'http-path-unauthorized'))
    )
  },
}
