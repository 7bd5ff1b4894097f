import { z } from 'zod'
import { accessLogFieldNames, isAccessLogField } from '../../telemetry/access-fields.ts'
import { authorizeLogFieldNames, isAuthorizeLogField } from '../../telemetry/authorize-fields.ts'
import { key, textKey, type Key } from '../../setting-key.ts'
import { listenAddress, logField } from './values.ts'

/** The keys about logs and metrics. */
export const logKeys = {
  log_level: textKey(z.enum(['debug', 'info', 'warn', 'error']), 'one of the names', {
    default: 'info',
    doc: 'Least level that is logged: `debug`, `info`, `warn` or `error`.',
  }),
  access_log_fields: key({
    schema: z.array(logField(isAccessLogField, accessLogFieldNames)),
    type: 'list of text',
    without: 'the default fields',
    variable: 'list',
    doc: 'Fields of the access log, in order; see the reference of logs. Headers that carry secrets are refused.',
  }),
  authorize_log_fields: key({
    schema: z.array(logField(isAuthorizeLogField, authorizeLogFieldNames)),
    type: 'list of text',
    without: 'the default fields',
    variable: 'list',
    doc: 'Fields of the authorize log, in order; see the reference of logs. Headers that carry secrets are refused.',
  }),
  metrics_address: textKey(listenAddress, 'host:port', {
    without: 'no metrics are served',
    doc: 'Where Prometheus metrics are served, in plain HTTP and without sign-in: bind it to loopback.',
  }),
} as const satisfies Record<string, Key<unknown>>
