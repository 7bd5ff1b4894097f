import { syntaxHighlighting } from '@codemirror/language'
import type { Extension } from '@codemirror/state'
import { EditorView } from '@codemirror/view'

/** What the parser of YAML calls things, and the class that each is shown with. */
const classes: Readonly<Record<string, string>> = {
  'definition(propertyName)': 'yaml-key',
  lineComment: 'yaml-comment',
  string: 'yaml-text',
  labelName: 'yaml-mark',
  typeName: 'yaml-mark',
  keyword: 'yaml-mark',
  meta: 'yaml-mark',
}

const highlighting = syntaxHighlighting({
  style: (tags) =>
    tags.map((tag) => classes[String(tag)]).find((name) => name !== undefined) ?? null,
})

const line = '1px solid var(--postern-line)'
const popup = {
  border: line,
  borderRadius: '6px',
  backgroundColor: 'var(--postern-card)',
  color: 'var(--mantine-color-text)',
}

/** In the page's own colours, which follow its theme by themselves. */
const theme = EditorView.theme({
  '&': {
    border: '1px solid var(--postern-field-line, var(--mantine-color-gray-4))',
    borderRadius: '6px',
    backgroundColor: 'var(--postern-code)',
    color: 'var(--mantine-color-text)',
    fontSize: '0.85rem',
  },
  '&.cm-focused': { outline: '3px solid var(--postern-accent)', outlineOffset: '2px' },
  '.cm-scroller': {
    fontFamily: 'var(--mantine-font-family-monospace)',
    lineHeight: '1.5',
    minHeight: '10rem',
    maxHeight: '60vh',
    overflow: 'auto',
  },
  '.cm-content': { caretColor: 'var(--mantine-color-text)', padding: '6px 0' },
  '.cm-cursor': { borderLeftColor: 'var(--mantine-color-text)' },
  '.cm-gutters': {
    border: 'none',
    backgroundColor: 'transparent',
    color: 'var(--mantine-color-dimmed)',
  },
  '.cm-tooltip': popup,
  '.cm-tooltip.cm-tooltip-autocomplete > ul > li': { padding: '3px 8px' },
  '.cm-tooltip-autocomplete ul li[aria-selected]': {
    backgroundColor: 'var(--mantine-color-blue-filled)',
    color: '#fff',
  },
  '.cm-tooltip-autocomplete ul li[aria-selected] .cm-completionDetail': { opacity: '1' },
  '.cm-completionDetail': { fontStyle: 'normal', marginLeft: '1em', opacity: '0.85' },
  '.cm-completionInfo': { ...popup, padding: '6px 10px', maxWidth: '22rem' },
  '.cm-diagnostic': { padding: '4px 10px', fontFamily: 'var(--mantine-font-family)' },
  '.cm-diagnostic-error': { borderLeftColor: 'var(--postern-bad)' },
  // CodeMirror draws these as a picture of a data: address, which the page's security policy refuses.
  '.cm-lintRange-error': {
    backgroundImage: 'none',
    textDecoration: 'underline wavy var(--postern-bad)',
    textUnderlineOffset: '3px',
  },
  '.cm-lintPoint-error:after': { borderBottomColor: 'var(--postern-bad)' },
  '.cm-lint-marker-error': {
    content: 'none',
    width: '0.7em',
    height: '0.7em',
    marginTop: '0.4em',
    borderRadius: '50%',
    backgroundColor: 'var(--postern-bad)',
  },
  '.cm-panels': { ...popup, borderRadius: '0' },
  '.yaml-key': { color: 'var(--postern-accent)' },
  '.yaml-comment': { color: 'var(--mantine-color-dimmed)', fontStyle: 'italic' },
  '.yaml-text': { color: 'var(--postern-code-text, var(--mantine-color-text))' },
  '.yaml-mark': { fontWeight: '600' },
})

export const editorLooks: Extension = [highlighting, theme]
