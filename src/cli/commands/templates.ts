/** `pacer templates`: the templates that may be replaced, with their placeholders and data, for people or for tools. */
import { templateNames, templateSpec } from '../../core/model/template-names.ts';
import { fragmentData, fragmentNames } from '../../render/fragment-data.ts';
import { helpers } from '../../render/helpers.ts';
import { templatesMarkdown, type TemplateRow } from '../templates-markdown.ts';
import { formats, oneOf } from '../options.ts';

export const templateRows = (): TemplateRow[] =>
  templateNames.map((name) => {
    const { placeholders, perPort, doc, empty } = templateSpec(name);
    return { name, placeholders, perPort, doc, empty: empty.doc };
  });

export function templates({ format }: Record<string, unknown>): Promise<number> {
  process.stdout.write(textOf(oneOf(formats, '--format', format)));
  return Promise.resolve(0);
}

function textOf(format: (typeof formats)[number]): string {
  const rows = templateRows();
  switch (format) {
    case 'markdown':
      return templatesMarkdown(rows);
    case 'json': {
      const fragments = fragmentNames.map((name) => ({ name, data: fragmentData[name] }));
      const helperDocs = Object.entries(helpers).map(([name, { doc }]) => ({ name, doc }));
      return `${JSON.stringify({ templates: rows, fragments, helpers: helperDocs }, null, 2)}\n`;
    }
    case 'table':
      return rows
        .map(({ name, placeholders, perPort, doc, empty }) => {
          const data =
            placeholders === 'raw' ? 'no placeholders' : placeholders.map((it) => `{${it}}`).join(' ');
          const label = perPort ? `; for one port: HAPROXY_{n}_${name}` : '';
          return `HAPROXY_${name}\n    ${doc}${label}\n    ${data}\n    empty: ${empty}\n`;
        })
        .join('');
  }
}
