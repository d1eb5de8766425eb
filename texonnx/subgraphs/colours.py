"""Colours as statistics, in a graph: their mean and covariance, given by one image to another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import onnx_ir as ir

from texonnx.graph.tape import Tape

_LEAST_VARIANCE = 1e-5
"""Less than that of one step of 8 bits; what is flat is not blown up."""

_Triangle = list[list[ir.Value]]
"""The lower triangle of a 3x3 matrix, number by number."""


@dataclass(frozen=True)
class _Colours:
    mean: ir.Value
    triangle: _Triangle


def mean_colour(tape: Tape, image: ir.Value) -> ir.Value:
    """Write the mean of each channel, [1, 3, 1, 1], the rows' first: runtimes round less so."""
    rows = tape.reduce_mean(image, [3], keepdims=True)
    return tape.reduce_mean(rows, [2], keepdims=True)


def with_colours_of(tape: Tape, image: ir.Value, model: ir.Value) -> ir.Value:
    """Write `image`, [1, 3, H, W], with the mean and the covariance of the colours of `model`.

    With C = L L' for the covariance of either, that is x -> L_model L_image^-1 (x - mean) + mean.
    """
    own, wanted = _colours(tape, image), _colours(tape, model)
    matrix = _product(tape, wanted.triangle, _inverse(tape, own.triangle))
    centred = tape.sub(image, own.mean)
    planes = [tape.slice(centred, 1, k, k + 1) for k in range(3)]
    mixed = []
    for row in matrix:
        terms = [tape.mul(plane, factor) for plane, factor in zip(planes, row, strict=False)]
        total = terms[0]
        for term in terms[1:]:
            total = tape.add(total, term)
        mixed.append(total)
    return tape.add(tape.concat(mixed, axis=1), wanted.mean)


def root_of_colours(tape: Tape, image: ir.Value, white: float) -> ir.Value:
    """Write L, [3, 3], lower triangular, whose L L' is how the colours of an image vary together.

    That is their covariance, scaled to a mean variance of 1, and `white`, from 0 to 1, of it in
    the place of which the identity is.
    """
    covariance = _covariance(tape, image, mean_colour(tape, image))
    total = tape.add(tape.add(covariance[0][0], covariance[1][1]), covariance[2][2])
    least = tape.constant(_LEAST_VARIANCE)
    share = tape.div(tape.constant(3 * (1 - white)), tape.op("Max", [total, least], (1, 1, 1, 1)))
    for row in range(3):
        for column in range(row + 1):
            covariance[row][column] = tape.mul(covariance[row][column], share)
        covariance[row][row] = tape.add(covariance[row][row], tape.constant(white))
    root = _root(tape, covariance)
    none = tape.constant(np.zeros((1, 1, 1, 1)))
    numbers = [
        root[row][column] if column <= row else none for row in range(3) for column in range(3)
    ]
    return tape.reshape(tape.concat(numbers, axis=0), [3, 3])


def _colours(tape: Tape, image: ir.Value) -> _Colours:
    mean = mean_colour(tape, image)
    covariance = _covariance(tape, image, mean)
    least = tape.constant(_LEAST_VARIANCE)
    for k in range(3):
        covariance[k][k] = tape.add(covariance[k][k], least)
    return _Colours(mean, _root(tape, covariance))


def _covariance(tape: Tape, image: ir.Value, mean: ir.Value) -> _Triangle:
    centred = tape.sub(image, mean)
    planes = [tape.slice(centred, 1, k, k + 1) for k in range(3)]
    return [
        [mean_colour(tape, tape.mul(planes[row], planes[column])) for column in range(row + 1)]
        for row in range(3)
    ]


def _root(tape: Tape, matrix: _Triangle) -> _Triangle:
    """Write Cholesky's root L of a matrix L L'."""
    root: _Triangle = [[], [], []]
    for row in range(3):
        for column in range(row + 1):
            rest = matrix[row][column]
            for k in range(column):
                rest = tape.sub(rest, tape.mul(root[row][k], root[column][k]))
            last = row == column
            root[row].append(
                tape.unary("Sqrt", rest) if last else tape.div(rest, root[column][column])
            )
    return root


def _inverse(tape: Tape, lower: _Triangle) -> _Triangle:
    inverse: _Triangle = [[], [], []]
    one = tape.constant(1.0)
    for row in range(3):
        own = tape.div(one, lower[row][row])
        for column in range(row):
            total = tape.mul(lower[row][column], inverse[column][column])
            for k in range(column + 1, row):
                total = tape.add(total, tape.mul(lower[row][k], inverse[k][column]))
            inverse[row].append(tape.unary("Neg", tape.mul(own, total)))
        inverse[row].append(own)
    return inverse


def _product(tape: Tape, a: _Triangle, b: _Triangle) -> _Triangle:
    product: _Triangle = [[], [], []]
    for row in range(3):
        for column in range(row + 1):
            total = tape.mul(a[row][column], b[column][column])
            for k in range(column + 1, row + 1):
                total = tape.add(total, tape.mul(a[row][k], b[k][column]))
            product[row].append(total)
    return product
