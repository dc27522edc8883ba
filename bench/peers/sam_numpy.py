"""Steps of sharpness-aware minimisation of a perceptron in NumPy: in place, every array made before the first step."""

import time

import numpy as np

from serve import serve

runs = []


class Training:
    def __init__(self, inputs, labels, start, shape, batch, rho, rate, momentum, decay):
        features, hidden, outputs = shape
        self.inputs = np.fromfile(inputs, dtype=np.float32).reshape(-1, features)
        self.labels = np.fromfile(labels, dtype=np.float64).astype(np.intp)
        self.w = np.fromfile(start, dtype=np.float32)
        self.batch, self.taken = batch, 0
        self.rho, self.rate, self.momentum, self.decay = map(np.float32, (rho, rate, momentum, decay))
        self.velocity, self.gradient, self.point, self.scaled = (np.zeros_like(self.w) for _ in range(4))
        self.rows = np.arange(batch)

        def tensors(flat):
            sizes = np.cumsum([features * hidden, hidden, hidden * outputs])
            first, bias, second, last = np.split(flat, sizes)
            return first.reshape(features, hidden), bias, second.reshape(hidden, outputs), last

        self.of_w, self.of_point, self.of_gradient = map(tensors, (self.w, self.point, self.gradient))
        self.x = np.empty((batch, features), np.float32)
        self.a, self.d = (np.empty((batch, hidden), np.float32) for _ in range(2))
        self.slope = np.empty_like(self.a)
        self.z = np.empty((batch, outputs), np.float32)
        self.row = np.empty((batch, 1), np.float32)

    def differentiate(self, tensors, labels):
        first, bias, second, last = tensors
        to_first, to_bias, to_second, to_last = self.of_gradient
        x, a, d, z, row, slope = self.x, self.a, self.d, self.z, self.row, self.slope
        np.matmul(x, first, out=a)
        a += bias
        np.tanh(a, out=a)
        np.matmul(a, second, out=z)
        z += last
        np.max(z, axis=1, keepdims=True, out=row)
        z -= row
        own = z[self.rows, labels]
        np.exp(z, out=z)
        np.sum(z, axis=1, keepdims=True, out=row)
        loss = float(np.mean(np.log(row[:, 0]) - own))
        row *= self.batch
        z /= row
        z[self.rows, labels] -= np.float32(1 / self.batch)
        np.matmul(a.T, z, out=to_second)
        np.sum(z, axis=0, out=to_last)
        np.matmul(z, second.T, out=d)
        np.multiply(a, a, out=slope)
        np.subtract(1, slope, out=slope)
        d *= slope
        np.matmul(x.T, d, out=to_first)
        np.sum(d, axis=0, out=to_bias)
        return loss

    def step(self):
        count = len(self.inputs) // self.batch
        begin = self.taken % count * self.batch
        end = begin + self.batch
        self.taken += 1
        np.copyto(self.x, self.inputs[begin:end])
        labels = self.labels[begin:end]
        loss = self.differentiate(self.of_w, labels)
        g = self.gradient
        np.multiply(g, self.rho / (np.sqrt(np.dot(g, g)) + np.float32(1e-12)), out=self.point)
        self.point += self.w
        self.differentiate(self.of_point, labels)
        np.multiply(self.w, self.decay, out=self.scaled)
        self.velocity *= self.momentum
        self.velocity += g
        self.velocity += self.scaled
        np.multiply(self.velocity, self.rate, out=self.scaled)
        self.w -= self.scaled
        return loss


def prepare(**options):
    runs.append(Training(**options))
    return {"index": len(runs) - 1, "version": np.__version__}


def steps(index, count):
    run = runs[index]
    begin = time.process_time()
    for _ in range(count):
        loss = run.step()
    return {"seconds": time.process_time() - begin, "loss": loss}


def parameters(index):
    return {"values": runs[index].w.tolist()}


serve({"prepare": prepare, "steps": steps, "parameters": parameters})
