"""Golden values of the checkpoint tests from a folder of samples that PyTorch wrote (index.json, .npy)."""
import json, sys, zipfile
import numpy as np

source, target = sys.argv[1], sys.argv[2]
types = {'bfloat16': 'bf16', 'float32': 'f32', 'float16': 'f16', 'int64': 'i64', 'float64': 'f64'}
with open(target + '/values.tsv', 'w') as out:
    for entry in json.load(open(source + '/index.json')):
        values = np.load(source + '/' + entry['expected']).astype(np.float32).ravel()
        words = ['%08x' % word for word in values.view(np.uint32)]
        row = [entry['key'], types[entry['dtype']], ','.join(map(str, entry['shape'])) or '-',
               ','.join(map(str, entry['stride'])) or '-', str(entry['storage_offset']), ','.join(words) or '-']
        out.write('\t'.join(row) + '\n')
with zipfile.ZipFile(source + '/protocol4.pth') as stored, \
     zipfile.ZipFile(target + '/compressed.pth', 'w', zipfile.ZIP_DEFLATED) as compressed:
    for info in stored.infolist():
        compressed.writestr(zipfile.ZipInfo(info.filename), stored.read(info), zipfile.ZIP_DEFLATED)
