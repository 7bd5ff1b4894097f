import { Button, Text, TextInput, VisuallyHidden } from '@mantine/core'
import type { ReactNode } from 'react'
import type { PolicyLanguageAnswer } from '../../../console/wire/policy-language.ts'
import { SelectField } from '../../ui/select-field.tsx'
import { useDocumentForm } from '../documents/document-form.ts'
import { shownValue, type Action, type Part, type Selector } from './rules.ts'
import { usePolicyLanguage } from './use-policy-language.ts'

export interface SelectorListProps {
  readonly part: Part
  /** Tells its fields from those of other rules. */
  readonly rule: string
  readonly action: Action
  readonly selectors: readonly Selector[]
  readonly onChange: (selectors: readonly Selector[]) => void
}

const titles: Readonly<Record<Part, readonly [string, string]>> = {
  include: ['Include', 'one of these holds'],
  require: ['Require', 'all of these hold'],
  exclude: ['Exclude', 'none of these holds'],
}

type Known = PolicyLanguageAnswer['selectors'][number]

/** Whom one part of a rule is about. */
export function SelectorList(props: SelectorListProps): ReactNode {
  const { part, rule, action, selectors, onChange } = props
  const { isReadOnly } = useDocumentForm()
  const known = usePolicyLanguage()?.selectors ?? []
  const usable = known.filter(({ actions }) => actions.includes(action))
  const [title, doc] = titles[part]
  const first = usable[0]
  if (isReadOnly && selectors.length === 0) return null
  return (
    <div role="group" aria-label={`${title} of ${rule}`} className="selectors">
      <Text size="sm">
        <b>{title}</b> <span className="selectors-doc">{doc}</span>
      </Text>
      {selectors.map((selector, index) => (
        <SelectorRow
          key={index}
          place={`${title} ${index + 1} of ${rule}`}
          selector={selector}
          known={known.find(({ name }) => name === selector.name)}
          usable={usable}
          onChange={(changed) => onChange(selectors.toSpliced(index, 1, changed))}
          onRemove={() => onChange(selectors.toSpliced(index, 1))}
        />
      ))}
      {!isReadOnly && first !== undefined && (
        <Button
          variant="default"
          size="compact-sm"
          onClick={() => onChange([...selectors, emptySelector(first)])}
        >
          Add to {title.toLowerCase()}
          <VisuallyHidden>&nbsp;of {rule}</VisuallyHidden>
        </Button>
      )}
    </div>
  )
}

function emptySelector({ name, flag }: Known): Selector {
  return { name, value: flag ? true : '' }
}

interface SelectorRowProps {
  readonly place: string
  readonly selector: Selector
  /** Undefined for one that the gateway does not know: it says so. */
  readonly known: Known | undefined
  readonly usable: readonly Known[]
  readonly onChange: (selector: Selector) => void
  readonly onRemove: () => void
}

function SelectorRow(props: SelectorRowProps): ReactNode {
  const { place, selector, known, usable, onChange, onRemove } = props
  const { isReadOnly } = useDocumentForm()
  const names = new Set([selector.name, ...usable.map(({ name }) => name)])
  const choose = (name: string): void => {
    const chosen = usable.find((one) => one.name === name)
    const isText = known?.flag !== true && chosen?.flag !== true
    onChange(chosen === undefined || isText ? { ...selector, name } : emptySelector(chosen))
  }
  return (
    <div className="selector">
      <SelectField
        aria-label={`${place}: what`}
        value={selector.name}
        options={[...names].map((name) => ({ value: name, label: titleOf(name) }))}
        isReadOnly={isReadOnly}
        onChange={choose}
      />
      {known?.flag !== true && (
        <TextInput
          aria-label={`${place}: value`}
          placeholder={known?.form.replaceAll('`', '') ?? ''}
          value={shownValue(selector.value)}
          readOnly={isReadOnly}
          onChange={(event) => onChange({ ...selector, value: event.currentTarget.value })}
        />
      )}
      {!isReadOnly && (
        <Button variant="default" size="compact-sm" onClick={onRemove}>
          Remove<VisuallyHidden>&nbsp;{place}</VisuallyHidden>
        </Button>
      )}
    </div>
  )
}

/** What Cloudflare's dashboard calls them; another by its own name. */
function titleOf(name: string): string {
  return selectorTitles[name] ?? name
}

const selectorTitles: Readonly<Record<string, string>> = {
  email: 'Email',
  email_domain: 'Emails ending in',
  group: 'Group',
  ip: 'IP range',
  everyone: 'Everyone',
  service_token: 'Service account',
  any_valid_service_token: 'Any service account',
}
