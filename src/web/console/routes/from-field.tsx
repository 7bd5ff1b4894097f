import { Fieldset, Text, TextInput } from '@mantine/core'
import type { ReactNode } from 'react'
import { SelectField } from '../../ui/select-field.tsx'
import { shownText, textOrNothing } from '../documents/body.ts'
import { useField } from '../documents/document-form.ts'
import { formatFrom, fromProtocols, partsOfFrom, typeHost, type FromParts } from './from-parts.ts'
import '../documents/documents.css'
import './routes.css'

const protocols = fromProtocols.map((value) => ({ value, label: value }))

/** What clients ask for: protocol, host and port; as one text where it is more than these can say. */
export function FromField(): ReactNode {
  const { value, error, isReadOnly, set } = useField('from')
  const parts = partsOfFrom(value)
  const put = (changed: FromParts): void => {
    const isEmpty = changed.host === '' && changed.port === ''
    set(isEmpty ? undefined : formatFrom(changed))
  }
  return (
    <Fieldset legend="From" className="part">
      {parts === undefined ? (
        <TextInput
          label="Address"
          description="Of the form tcp+https://GATEWAY/HOST:PORT, or another that the fields for host and port cannot show"
          value={shownText(value)}
          readOnly={isReadOnly}
          onChange={(event) => set(textOrNothing(event.currentTarget.value))}
        />
      ) : (
        <div className="from">
          <SelectField
            label="Protocol"
            value={parts.protocol}
            options={protocols}
            isReadOnly={isReadOnly}
            onChange={(protocol) => put({ ...parts, protocol })}
          />
          <TextInput
            label="Host"
            placeholder="db.example.com"
            value={parts.host}
            readOnly={isReadOnly}
            required
            withAsterisk={false}
            onChange={(event) => put(typeHost(parts, event.currentTarget.value))}
          />
          <TextInput
            label="Port"
            placeholder="any"
            inputMode="numeric"
            value={parts.port}
            readOnly={isReadOnly}
            onChange={(event) => put({ ...parts, port: event.currentTarget.value.trim() })}
          />
        </div>
      )}
      <Text size="sm" c="dimmed" mt={6}>
        What clients ask for. The port tells routes of one host apart; clients always reach the
        gateway on its own. A * in the host stands for any characters.
      </Text>
      {error !== undefined && (
        <Text size="sm" className="fault" role="status">
          {error}
        </Text>
      )}
    </Fieldset>
  )
}
