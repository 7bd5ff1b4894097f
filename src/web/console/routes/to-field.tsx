import { Button, Fieldset, Text, TextInput, VisuallyHidden } from '@mantine/core'
import { useId, type ReactNode } from 'react'
import { SelectField } from '../../ui/select-field.tsx'
import { shownText, textOrNothing } from '../documents/body.ts'
import { useField } from '../documents/document-form.ts'
import '../documents/documents.css'
import './routes.css'
import {
  entriesOfTo,
  formatTo,
  noEntry,
  typeAddress,
  type ToEntry,
  type ToWay,
} from './to-entries.ts'
import { useTunnelNames } from './use-tunnel-names.ts'

const ways: readonly { readonly value: ToWay; readonly label: string }[] = [
  { value: 'tcp', label: 'Address' },
  { value: 'connector', label: 'Connector' },
  { value: 'https', label: 'Next gateway' },
  { value: 'http', label: 'Next gateway, this machine' },
]

/** Where the route leads: one or several addresses with weights, or through a connector. */
export function ToField(): ReactNode {
  const { value, error, isReadOnly, set } = useField('to')
  const entries = entriesOfTo(value)
  const faultId = useId()
  const put = (changed: readonly ToEntry[]): void => {
    const isEmpty = changed.length === 1 && changed[0]?.address === '' && changed[0].way === 'tcp'
    set(isEmpty ? undefined : formatTo(changed, value))
  }
  return (
    <Fieldset
      legend="To"
      className="part"
      aria-describedby={error === undefined ? undefined : faultId}
    >
      {entries === undefined ? (
        <TextInput
          label="Where it leads"
          value={shownText(value)}
          readOnly={isReadOnly}
          onChange={(event) => set(textOrNothing(event.currentTarget.value))}
        />
      ) : (
        <>
          {entries.map((entry, index) => (
            <Entry
              // Entries have no name but their place.
              key={index}
              entry={entry}
              place={`destination ${index + 1}`}
              isAlone={entries.length === 1}
              isReadOnly={isReadOnly}
              onChange={(changed) => put(entries.toSpliced(index, 1, changed))}
              onRemove={() => put(entries.toSpliced(index, 1))}
            />
          ))}
          {!isReadOnly && entries[0]?.way !== 'connector' && (
            <Button
              variant="default"
              size="compact-sm"
              onClick={() => put([...entries, { ...noEntry, way: entries[0]?.way ?? 'tcp' }])}
            >
              Add a destination
            </Button>
          )}
        </>
      )}
      <Text size="sm" c="dimmed" mt={6}>
        Of several one is chosen for each tunnel, by weight where each has one; one that refuses is
        skipped for the next.
      </Text>
      {error !== undefined && (
        <Text id={faultId} size="sm" className="fault" role="status">
          {error}
        </Text>
      )}
    </Fieldset>
  )
}

interface EntryProps {
  readonly entry: ToEntry
  readonly place: string
  readonly isAlone: boolean
  readonly isReadOnly: boolean
  readonly onChange: (entry: ToEntry) => void
  readonly onRemove: () => void
}

function Entry({ entry, place, isAlone, isReadOnly, onChange, onRemove }: EntryProps): ReactNode {
  const isConnector = entry.way === 'connector'
  return (
    <div className="to" role="group" aria-label={place}>
      <SelectField
        label="By"
        value={entry.way}
        options={isAlone ? ways : ways.filter(({ value }) => value !== 'connector')}
        isReadOnly={isReadOnly}
        onChange={(way) => onChange({ ...entry, way })}
      />
      {isConnector && <ConnectorName entry={entry} isReadOnly={isReadOnly} onChange={onChange} />}
      <TextInput
        label={isConnector ? 'It dials' : 'Host and port'}
        placeholder={placeholders[entry.way]}
        value={entry.address}
        readOnly={isReadOnly}
        onChange={(event) => onChange(typeAddress(entry, event.currentTarget.value))}
      />
      {!isConnector && (
        <TextInput
          label="Weight"
          placeholder="none"
          inputMode="numeric"
          value={entry.weight}
          readOnly={isReadOnly}
          onChange={(event) => onChange({ ...entry, weight: event.currentTarget.value.trim() })}
        />
      )}
      {!isReadOnly && !isAlone && (
        <Button variant="default" onClick={onRemove}>
          Remove<VisuallyHidden>&nbsp;{place}</VisuallyHidden>
        </Button>
      )}
    </div>
  )
}

const placeholders: Readonly<Record<ToWay, string>> = {
  tcp: '10.0.0.5:5432',
  connector: 'its own choice',
  https: 'gateway.example.com',
  http: 'localhost:8080',
}

type ConnectorNameProps = Pick<EntryProps, 'entry' | 'isReadOnly' | 'onChange'>

function ConnectorName({ entry, isReadOnly, onChange }: ConnectorNameProps): ReactNode {
  const names = useTunnelNames()
  return (
    <>
      <TextInput
        label="Named tunnel"
        placeholder="any with this host"
        list="tunnel-names"
        value={entry.connector}
        readOnly={isReadOnly}
        onChange={(event) => onChange({ ...entry, connector: event.currentTarget.value.trim() })}
      />
      <datalist id="tunnel-names">
        {names.map((name) => (
          <option key={name} value={name} />
        ))}
      </datalist>
    </>
  )
}
