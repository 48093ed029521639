/** `pacer labels`: the reference of labels, for people or for tools. */
import { labelRows, labelsMarkdown } from '../../core/labels/reference.ts';
import { formats, oneOf } from '../options.ts';

export function labels({ format }: Record<string, unknown>): Promise<number> {
  process.stdout.write(textOf(oneOf(formats, '--format', format)));
  return Promise.resolve(0);
}

function textOf(format: (typeof formats)[number]): string {
  const rows = labelRows();
  switch (format) {
    case 'markdown':
      return labelsMarkdown();
    case 'json':
      return `${JSON.stringify(rows, null, 2)}\n`;
    case 'table':
      return rows
        .map(({ label, doc, default: fallback, example, applied }) => {
          const notes = [
            ...(fallback === '' ? [] : [`default: ${fallback}`]),
            `e.g. ${example}`,
            ...(applied ? [] : ['without effect in this version']),
          ];
          return `${label}\n    ${doc}\n    ${notes.join('; ')}\n`;
        })
        .join('');
  }
}
